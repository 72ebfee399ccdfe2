/*
 * utf8 - where characters of UTF-8 (RFC 3629) begin and end.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Length in bytes of the character at ptr, of which `room` bytes are there; 0: it is none, or cut
 * off, or longer than it need be. room must not be 0. */
size_t utf8_length(const unsigned char *ptr, size_t room);

#endif
