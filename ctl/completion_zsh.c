#include "completion.h"

#include <string.h>

/* Within single quotes; colons and brackets mean something in descriptions. */
static void
put_quoted(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr(":[]\\", *text) != NULL)
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void
put_zsh_options(FILE *out, const struct command *command)
{
	for (size_t k = 0; k < CTL_OPTIONS; k++) {
		const struct command_option *option = &command_options[k];

		if (!completion_takes(command, k))
			continue;
		fprintf(out, " \\\n\t\t\t'%s[", option->name);
		put_quoted(out, option->help);
		fputc(']', out);
		if (option->value != NULL)
			fprintf(out, ":%s:%s", option->value,
			    completion_is_path(option->value) ? "_files" : " ");
		fputc('\'', out);
	}
	if (completion_choices(command) > 0) {
		fputs(" \\\n\t\t\t'1:which:(", out);
		completion_put_choices(out, command);
		fputs(")'", out);
	}
	fprintf(out, " \\\n\t\t\t'*:operand:%s'", completion_takes_file(command) ? "_files" : " ");
}

static void
put_zsh_command(FILE *out, const struct command *command)
{
	fputs("\t\t_arguments '--json[the same in JSON]'", out);
	put_zsh_options(out, command);
	fputs("\n\t\t;;\n", out);
}

static void
put_zsh_name(FILE *out, const char *name, const char *help)
{
	fprintf(out, "\n\t\t'%s:", name);
	put_quoted(out, help);
	fputc('\'', out);
}

/* A command with further words: these, then the options of each. */
static void
put_zsh_family(FILE *out, size_t first)
{
	const char *name = commands[first].name;

	fputs("\tif (( CURRENT == 2 )); then\n\t\tlocal -a names=(", out);
	for (size_t k = first; k < command_count; k++)
		if (strcmp(commands[k].name, name) == 0)
			put_zsh_name(out, commands[k].sub, commands[k].help);
	fputs("\n\t\t)\n\t\t_describe command names\n\t\treturn\n\tfi\n\tcase $words[2] in\n", out);
	for (size_t k = first; k < command_count; k++)
		if (strcmp(commands[k].name, name) == 0) {
			fprintf(out, "\t%s)\n\t\tshift words; (( CURRENT-- ))\n", commands[k].sub);
			put_zsh_command(out, &commands[k]);
		}
	fputs("\tesac\n\t;;\n", out);
}

void
completion_zsh(FILE *out)
{
	fputs("#compdef mxctl\n"
	      "# What the Tab key offers for mxctl in zsh: made by \"mxctl completion zsh\".\n"
	      "local curcontext=$curcontext state line\n"
	      "typeset -A opt_args\n"
	      "_arguments -C '(-c --config)'{-c,--config}'[the configuration]:file:_files' "
	      "'--json[the same in JSON]' '--help[what there is]' '--version[of mxpace]' "
	      "'1:command:->command' '*::argument:->argument'\n"
	      "if [[ $state == command ]]; then\n\tlocal -a names=(",
	    out);
	for (size_t i = 0; i < command_count; i++)
		if (completion_is_first(i))
			put_zsh_name(out, commands[i].name,
			    commands[i].sub == NULL ? commands[i].help : "");
	fputs("\n\t)\n\t_describe command names\n\treturn\nfi\ncase $line[1] in\n", out);
	for (size_t i = 0; i < command_count; i++) {
		if (!completion_is_first(i))
			continue;
		fprintf(out, "%s)\n", commands[i].name);
		if (commands[i].sub == NULL)
			put_zsh_command(out, &commands[i]);
		else
			put_zsh_family(out, i);
	}
	fputs("esac\n", out);
}
