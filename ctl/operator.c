#include "operator.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

const char *
operator_name(struct ctl *ctl)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());

	if (sudo != NULL && *sudo != '\0')
		return arena_printf(&ctl->arena, "operator %.48s", sudo);
	if (user != NULL)
		return arena_printf(&ctl->arena, "operator %.48s", user->pw_name);
	return arena_printf(&ctl->arena, "operator uid %lu", (unsigned long)getuid());
}

const char *
operator_words(struct ctl *ctl, const char *text, const char *otherwise)
{
	struct str clean = { 0 };
	const char *copy;

	out_clean(&clean, span_of(text != NULL && *text != '\0' ? text : otherwise));
	copy = arena_printf(&ctl->arena, "%.*s", OPERATOR_WORDS, str_text(&clean));
	str_free(&clean);
	return copy;
}
