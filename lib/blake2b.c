#include "blake2b.h"

#include <dlfcn.h>

int
blake2b(unsigned char *out, size_t size, struct span text, struct span key)
{
	static int (*digest)(unsigned char *, size_t, const unsigned char *, unsigned long long,
	    const unsigned char *, size_t);

	if (digest == NULL) {
		void *library = dlopen("libsodium.so.23", RTLD_NOW);

		if (library != NULL)
			*(void **)&digest = dlsym(library, "crypto_generichash");
	}
	if (digest == NULL)
		return -1;
	return digest(out, size, (const unsigned char *)text.ptr, text.len,
		   key.len > 0 ? (const unsigned char *)key.ptr : NULL, key.len) == 0
		   ? 0
		   : -1;
}
