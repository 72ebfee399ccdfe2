/* mxctl completion: what the Tab key offers, as a script for a shell, from the table of commands. */
#include "completion.h"

#include <string.h>

#include "verbs.h"

bool
completion_is_first(size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(commands[i].name, commands[at].name) == 0)
			return false;
	return true;
}

bool
completion_takes(const struct command *command, size_t option)
{
	return (command->options & (UINT64_C(1) << option)) != 0;
}

bool
completion_is_path(const char *value)
{
	return value != NULL && (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0);
}

bool
completion_takes_file(const struct command *command)
{
	return strstr(command->operands, "FILE") != NULL;
}

size_t
completion_choices(const struct command *command)
{
	size_t len = strcspn(command->operands, " ");

	return memchr(command->operands, '|', len) != NULL ? len : 0;
}

void
completion_put_choices(FILE *out, const struct command *command)
{
	size_t len = completion_choices(command);

	for (size_t i = 0; i < len; i++)
		fputc(command->operands[i] == '|' ? ' ' : command->operands[i], out);
}

void
completion_put_subs(FILE *out, size_t first, const char *between)
{
	for (size_t k = first; k < command_count; k++)
		if (strcmp(commands[k].name, commands[first].name) == 0)
			fprintf(out, "%s%s", k > first ? between : "", commands[k].sub);
}

enum ctl_exit
completion(struct ctl *ctl)
{
	static const struct {
		const char *name;
		void (*put)(FILE *out);
	} shells[] = { { "bash", completion_bash }, { "zsh", completion_zsh },
		{ "fish", completion_fish } };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(ctl->operands[0], shells[i].name) == 0) {
			shells[i].put(ctl->stream);
			return CTL_DONE;
		}
	ctl_complain(ctl, "\"%s\" is not bash, zsh or fish", ctl->operands[0]);
	return CTL_USAGE;
}
