/*
 * interrupt - Ctrl-C and SIGTERM while something long is under way: it ends after the step it is in,
 * and says how to go on.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* From now on until interrupt_release() both signals only set what interrupt_seen() tells. */
void interrupt_catch(void);
bool interrupt_seen(void);
void interrupt_release(void);

#endif
