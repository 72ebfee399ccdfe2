#include "completion.h"

#include <string.h>

static void
put_valued(FILE *out, bool paths_only)
{
	fputs("--config|-c", out);
	for (size_t k = 0; k < CTL_OPTIONS; k++)
		if (command_options[k].value != NULL && command_options[k].name[1] == '-' &&
		    (!paths_only || completion_is_path(command_options[k].value)))
			fprintf(out, "|%s", command_options[k].name);
}

static void
put_bash_command(FILE *out, const struct command *command)
{
	fprintf(out, "\t'%s %s')\n\t\toptions=\"$options", command->name,
	    command->sub != NULL ? command->sub : "");
	for (size_t k = 0; k < CTL_OPTIONS; k++)
		if (completion_takes(command, k))
			fprintf(out, " %s", command_options[k].name);
	fputs("\"\n", out);
	if (completion_choices(command) > 0) {
		fputs("\t\twords='", out);
		completion_put_choices(out, command);
		fputs("'\n", out);
	}
	if (completion_takes_file(command))
		fputs("\t\tfiles=yes\n", out);
	fputs("\t\t;;\n", out);
}

static void
put_bash_names(FILE *out)
{
	fputs("\tcase $name in\n\t'') words='", out);
	for (size_t i = 0; i < command_count; i++)
		if (completion_is_first(i))
			fprintf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
	fputs("'; options='-c --config --json --help --version' ;;\n", out);
	for (size_t i = 0; i < command_count; i++) {
		if (!completion_is_first(i))
			continue;
		fprintf(out, "\t%s) ", commands[i].name);
		if (commands[i].sub == NULL) {
			fputs("sub='' ;;\n", out);
			continue;
		}
		fputs("[[ -n $sub ]] || words='", out);
		completion_put_subs(out, i, " ");
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n", out);
}

void
completion_bash(FILE *out)
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
