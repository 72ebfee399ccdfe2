/*
 * rules_verdict - what becomes of rules that are offered. Pure.
 */
#ifndef RULES_VERDICT_H
#define RULES_VERDICT_H

#include <stdbool.h>

enum rules_verdict {
	RULES_TAKE,
	RULES_SAME,  /* they are in force */
	RULES_HELD,  /* somebody went back from them: they are left alone until newer ones come */
	RULES_OLDER, /* than those in force: refused */
};

struct rules_question {
	const char *offered;  /* a version */
	const char *in_force; /* ""; none is known */
	const char *held;     /* up to this one they are left alone; "": none */
	bool back;            /* older ones may be taken too: the fleet goes back */
	bool forced;          /* held ones may be taken */
};

enum rules_verdict rules_verdict(const struct rules_question *question);

#endif
