/* mxctl completion: what the Tab key offers, as a script for a shell, from the table of commands. */
#include <string.h>

#include "command.h"
#include "verbs.h"

/* -- the table, as shells want it --------------------------------------------------------------- */

static bool
is_first(size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(commands[i].name, commands[at].name) == 0)
			return false;
	return true;
}

static bool
takes(const struct command *command, size_t option)
{
	return (command->options & (UINT64_C(1) << option)) != 0;
}

static bool
is_path(const char *value)
{
	return value != NULL && (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0);
}

static bool
takes_file(const struct command *command)
{
	return strstr(command->operands, "FILE") != NULL;
}

/* "list|show|confirm|dismiss [GROUP REASON]": the words before the blank. 0: no such choice. */
static size_t
choices(const struct command *command)
{
	size_t len = strcspn(command->operands, " ");

	return memchr(command->operands, '|', len) != NULL ? len : 0;
}

static void
put_choices(FILE *out, const struct command *command)
{
	size_t len = choices(command);

	for (size_t i = 0; i < len; i++)
		fputc(command->operands[i] == '|' ? ' ' : command->operands[i], out);
}

/* -- bash -------------------------------------------------------------------------------------- */

static void
put_valued(FILE *out, bool paths_only)
{
	fputs("--config|-c", out);
	for (size_t k = 0; k < CTL_OPTIONS; k++)
		if (command_options[k].value != NULL && command_options[k].name[1] == '-' &&
		    (!paths_only || is_path(command_options[k].value)))
			fprintf(out, "|%s", command_options[k].name);
}

static void
put_bash_command(FILE *out, const struct command *command)
{
	fprintf(out, "\t'%s %s')\n\t\toptions=\"$options", command->name,
	    command->sub != NULL ? command->sub : "");
	for (size_t k = 0; k < CTL_OPTIONS; k++)
		if (takes(command, k))
			fprintf(out, " %s", command_options[k].name);
	fputs("\"\n", out);
	if (choices(command) > 0) {
		fputs("\t\twords='", out);
		put_choices(out, command);
		fputs("'\n", out);
	}
	if (takes_file(command))
		fputs("\t\tfiles=yes\n", out);
	fputs("\t\t;;\n", out);
}

/* The words that a family of commands goes on with. */
static void
put_subs(FILE *out, size_t first, const char *prefix)
{
	for (size_t k = first; k < command_count; k++)
		if (strcmp(commands[k].name, commands[first].name) == 0)
			fprintf(out, "%s%s", k > first ? prefix : "", commands[k].sub);
}

static void
put_bash_names(FILE *out)
{
	fputs("\tcase $name in\n\t'') words='", out);
	for (size_t i = 0; i < command_count; i++)
		if (is_first(i))
			fprintf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
	fputs("'; options='-c --config --json --help --version' ;;\n", out);
	for (size_t i = 0; i < command_count; i++) {
		if (!is_first(i))
			continue;
		fprintf(out, "\t%s) ", commands[i].name);
		if (commands[i].sub == NULL) {
			fputs("sub='' ;;\n", out);
			continue;
		}
		fputs("[[ -n $sub ]] || words='", out);
		put_subs(out, i, " ");
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n", out);
}

static void
put_bash(FILE *out)
{
	fputs("# What the Tab key offers for mxctl in bash: made by \"mxctl completion bash\".\n"
	      "_mxctl()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal name='' sub='' options='--json --help' words='' files='' i\n\n"
	      "\tcase $before in\n\t",
	    out);
	put_valued(out, true);
	fputs(")\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n\t\treturn\n\t\t;;\n\t",
	    out);
	put_valued(out, false);
	fputs(")\n\t\treturn\n\t\t;;\n\tesac\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t",
	    out);
	put_valued(out, false);
	fputs(") i=$((i + 1)) ;;\n\t\t-*) ;;\n"
	      "\t\t*) if [[ -z $name ]]; then name=${COMP_WORDS[i]}\n"
	      "\t\t   elif [[ -z $sub ]]; then sub=${COMP_WORDS[i]}; fi ;;\n"
	      "\t\tesac\n\tdone\n",
	    out);
	put_bash_names(out);
	fputs("\tcase \"$name $sub\" in\n", out);
	for (size_t i = 0; i < command_count; i++)
		put_bash_command(out, &commands[i]);
	fputs("\tesac\n"
	      "\t[[ $word != -* ]] || words=$options\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	      "\t[[ -z $files || $word == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- "
	      "\"$word\")\n"
	      "}\ncomplete -o filenames -F _mxctl mxctl\n",
	    out);
}

/* -- zsh --------------------------------------------------------------------------------------- */

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

		if (!takes(command, k))
			continue;
		fprintf(out, " \\\n\t\t\t'%s[", option->name);
		put_quoted(out, option->help);
		fputc(']', out);
		if (option->value != NULL)
			fprintf(out, ":%s:%s", option->value,
			    is_path(option->value) ? "_files" : " ");
		fputc('\'', out);
	}
	if (choices(command) > 0) {
		fputs(" \\\n\t\t\t'1:which:(", out);
		put_choices(out, command);
		fputs(")'", out);
	}
	fprintf(out, " \\\n\t\t\t'*:operand:%s'", takes_file(command) ? "_files" : " ");
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

static void
put_zsh(FILE *out)
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
		if (is_first(i))
			put_zsh_name(out, commands[i].name,
			    commands[i].sub == NULL ? commands[i].help : "");
	fputs("\n\t)\n\t_describe command names\n\treturn\nfi\ncase $line[1] in\n", out);
	for (size_t i = 0; i < command_count; i++) {
		if (!is_first(i))
			continue;
		fprintf(out, "%s)\n", commands[i].name);
		if (commands[i].sub == NULL)
			put_zsh_command(out, &commands[i]);
		else
			put_zsh_family(out, i);
	}
	fputs("esac\n", out);
}

/* -- fish -------------------------------------------------------------------------------------- */

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

	if (is_first(at)) {
		fprintf(out, "complete -c mxctl -n __fish_use_subcommand -a %s -d ", command->name);
		put_fish_text(out, command->sub == NULL ? command->help : "");
		fputc('\n', out);
	}
	if (command->sub == NULL)
		return;
	while (first > 0 && !(is_first(first) && strcmp(commands[first].name, command->name) == 0))
		first--;
	fprintf(out,
	    "complete -c mxctl -n '__fish_seen_subcommand_from %s; and not "
	    "__fish_seen_subcommand_from ",
	    command->name);
	put_subs(out, first, " ");
	fprintf(out, "' -a %s -d ", command->sub);
	put_fish_text(out, command->help);
	fputc('\n', out);
}

static void
put_fish_command(FILE *out, const struct command *command)
{
	for (size_t k = 0; k < CTL_OPTIONS; k++) {
		const struct command_option *option = &command_options[k];

		if (!takes(command, k))
			continue;
		put_fish_condition(out, command);
		fprintf(out, " %s %s%s -d ", option->name[1] == '-' ? "-l" : "-s",
		    option->name + (option->name[1] == '-' ? 2 : 1),
		    option->value == NULL    ? ""
		    : is_path(option->value) ? " -r -F"
					     : " -x");
		put_fish_text(out, option->help);
		fputc('\n', out);
	}
	if (takes_file(command)) {
		put_fish_condition(out, command);
		fputs(" -F\n", out);
	}
	if (choices(command) > 0) {
		put_fish_condition(out, command);
		fputs(" -a '", out);
		put_choices(out, command);
		fputs("'\n", out);
	}
}

static void
put_fish(FILE *out)
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

/* -- the command ------------------------------------------------------------------------------- */

enum ctl_exit
completion(struct ctl *ctl)
{
	static const struct {
		const char *name;
		void (*put)(FILE *out);
	} shells[] = { { "bash", put_bash }, { "zsh", put_zsh }, { "fish", put_fish } };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(ctl->operands[0], shells[i].name) == 0) {
			shells[i].put(ctl->stream);
			return CTL_DONE;
		}
	ctl_complain(ctl, "\"%s\" is not bash, zsh or fish", ctl->operands[0]);
	return CTL_USAGE;
}
