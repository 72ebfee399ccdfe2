#include "completion.h"

#include <string.h>

static void
put_fish_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text != '\0'; text++)
		fprintf(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
	fputc('\'', out);
}

/* "-n" with what has to stand before. */
static void
put_fish_condition(FILE *out, const struct command *command)
{
	fprintf(out, "complete -c mxctl -n '__fish_seen_subcommand_from %s", command->name);
	if (command->sub != NULL)
		fprintf(out, "; and __fish_seen_subcommand_from %s", command->sub);
	fputc('\'', out);
}

static void
put_fish_names(FILE *out, size_t at)
{
	const struct command *command = &commands[at];
	size_t first = at;

	if (completion_is_first(at)) {
		fprintf(out, "complete -c mxctl -n __fish_use_subcommand -a %s -d ", command->name);
		put_fish_text(out, command->sub == NULL ? command->help : "");
		fputc('\n', out);
	}
	if (command->sub == NULL)
		return;
	while (first > 0 &&
	       !(completion_is_first(first) && strcmp(commands[first].name, command->name) == 0))
		first--;
	fprintf(out,
	    "complete -c mxctl -n '__fish_seen_subcommand_from %s; and not "
	    "__fish_seen_subcommand_from ",
	    command->name);
	completion_put_subs(out, first, " ");
	fprintf(out, "' -a %s -d ", command->sub);
	put_fish_text(out, command->help);
	fputc('\n', out);
}

static void
put_fish_command(FILE *out, const struct command *command)
{
	for (size_t k = 0; k < CTL_OPTIONS; k++) {
		const struct command_option *option = &command_options[k];

		if (!completion_takes(command, k))
			continue;
		put_fish_condition(out, command);
		fprintf(out, " %s %s%s -d ", option->name[1] == '-' ? "-l" : "-s",
		    option->name + (option->name[1] == '-' ? 2 : 1),
		    option->value == NULL               ? ""
		    : completion_is_path(option->value) ? " -r -F"
							: " -x");
		put_fish_text(out, option->help);
		fputc('\n', out);
	}
	if (completion_takes_file(command)) {
		put_fish_condition(out, command);
		fputs(" -F\n", out);
	}
	if (completion_choices(command) > 0) {
		put_fish_condition(out, command);
		fputs(" -a '", out);
		completion_put_choices(out, command);
		fputs("'\n", out);
	}
}

void
completion_fish(FILE *out)
{
	fputs("# What the Tab key offers for mxctl in fish: made by \"mxctl completion fish\".\n"
	      "complete -c mxctl -f\n"
	      "complete -c mxctl -l json -d 'the same in JSON'\n"
	      "complete -c mxctl -l help -s h -d 'what there is'\n"
	      "complete -c mxctl -n __fish_use_subcommand -s c -l config -r -F -d 'the "
	      "configuration'\n"
	      "complete -c mxctl -n __fish_use_subcommand -l version -d 'of mxpace'\n",
	    out);
	for (size_t i = 0; i < command_count; i++) {
		put_fish_names(out, i);
		put_fish_command(out, &commands[i]);
	}
}
