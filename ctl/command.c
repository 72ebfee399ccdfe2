#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "mem.h"
#include "terminal.h"
#include "verbs.h"

#define DEFAULT_FILE "/etc/mxpace/mxpace.conf"

static enum ctl_exit help(struct ctl *ctl);

#define OPTION(name) (UINT64_C(1) << CTL_OPTION_##name)
_Static_assert((int)CTL_OPTIONS <= 64, "each option has a bit of a command's mask");

const struct command commands[] = {
	{ "status", NULL, "", 0, 0, OPTION(WATCH) | OPTION(FOR), CTL_NEEDS_RULES,
	    "nodes, store, the groups in use, and what goes on now", status },
	{ "group", "list", "", 0, 0, 0, CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "the groups of the last week and the use of their limits", group_list },
	{ "group", "show", "NAME", 1, 1, 0, CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "one group: rule, connections by node, messages by period", group_show },
	{ "group", "pause", "NAME", 1, 1, OPTION(WHY), CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "lets nothing go to a group until it is resumed", group_pause },
	{ "group", "resume", "NAME", 1, 1, 0, CTL_NEEDS_RULES | CTL_NEEDS_STORE, "ends a pause",
	    group_resume },
	{ "group", "flush", "NAME", 1, 1, OPTION(ALL), CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "has Postfix try again now what waits for a group", group_flush },
	{ "backoff", "list", "", 0, 0, 0, CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "the groups that are slowed down, and why", backoff_list },
	{ "backoff", "set", "GROUP", 1, 1,
	    OPTION(IP) | OPTION(RATE) | OPTION(CONNECTIONS) | OPTION(SUSPEND) | OPTION(FOR) |
		OPTION(WHY),
	    CTL_NEEDS_RULES | CTL_NEEDS_STORE, "slows a group down for a time", backoff_set },
	{ "backoff", "clear", "GROUP", 1, 1, OPTION(IP), CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "ends a group's backoff at once", backoff_clear },
	{ "level", NULL, "[IP] [LEVEL|default]", 0, 2, OPTION(POOL) | OPTION(RULE),
	    CTL_NEEDS_RULES | CTL_NEEDS_STORE,
	    "how fast the fleet sends, or an IP, pool, rule; sets it", level },
	{ "warmup", "start", "IP", 1, 1, OPTION(PLAN), CTL_NEEDS_STORE,
	    "warms up a new sending IP: caps that grow day by day", warmup_start },
	{ "warmup", "show", "[IP]", 0, 1, OPTION(HISTORY), CTL_NEEDS_STORE,
	    "sending IPs being warmed up, or one: its groups, days left", warmup_show },
	{ "warmup", "pause", "IP", 1, 1, 0, CTL_NEEDS_STORE,
	    "keeps all groups at their stage; days do not count", warmup_pause },
	{ "warmup", "resume", "IP", 1, 1, 0, CTL_NEEDS_STORE, "goes on after a pause",
	    warmup_resume },
	{ "warmup", "skip", "IP", 1, 1, OPTION(GROUP), CTL_NEEDS_STORE,
	    "takes all groups, or one, to their next stage at once", warmup_skip_stage },
	{ "warmup", "stop", "IP", 1, 1, 0, CTL_NEEDS_STORE, "ends a warm-up: its caps hold no more",
	    warmup_stop },
	{ "account", "list", "", 0, 0, OPTION(MATCH), CTL_NEEDS_STORE,
	    "who sends: what was sent and came back in 24 hours", account_list },
	{ "account", "show", "NAME", 1, 1, 0, CTL_NEEDS_STORE,
	    "one account: state, figures, MX groups, days", account_show },
	{ "account", "suspend", "NAME", 1, 1, OPTION(WHY), CTL_NEEDS_STORE,
	    "takes no more mail from an account", account_suspend },
	{ "account", "resume", "NAME", 1, 1, OPTION(WHY) | OPTION(FULLY), CTL_NEEDS_STORE,
	    "takes mail again, on probation at first", account_resume },
	{ "account", "exempt", "NAME", 1, 1, OPTION(WHY) | OPTION(OFF), CTL_NEEDS_STORE,
	    "never suspends an account, whatever comes back", account_exempt },
	{ "campaign", "list", "", 0, 0, OPTION(MATCH) | OPTION(LISTS), CTL_NEEDS_STORE,
	    "campaigns, or lists: what came back in 24 hours", campaign_list },
	{ "campaign", "show", "NAME", 1, 1, OPTION(LISTS), CTL_NEEDS_STORE,
	    "one campaign or list: figures, MX groups, days", campaign_show },
	{ "explain", NULL, "ADDRESS", 1, 1, OPTION(SENDER), CTL_NEEDS_RULES,
	    "what Postfix would be told about a recipient, and why", explain },
	{ "quarantine", "list", "", 0, 0, FILTER_OPTIONS | OPTION(COUNTING) | OPTION(LIMIT),
	    CTL_NEEDS_STORE, "the addresses that are not mailed any more", quarantine_list },
	{ "quarantine", "undo", "", 0, 0, FILTER_OPTIONS | OPTION(DRY_RUN) | OPTION(SHOW),
	    CTL_NEEDS_STORE, "takes many decisions back, by group, reason, text, time",
	    quarantine_undo },
	{ "quarantine", "redo", "ID", 1, 1, 0, CTL_NEEDS_STORE, "takes an undo back",
	    quarantine_redo },
	{ "quarantine", "export", "[FILE]", 0, 1, FILTER_OPTIONS | OPTION(FORMAT), CTL_NEEDS_STORE,
	    "all entries with all their fields, as CSV or JSON lines", quarantine_export },
	{ "quarantine", "import", "[FILE]", 0, 1,
	    OPTION(FORMAT) | OPTION(REASON) | OPTION(RELEASE) | OPTION(TEXT) | OPTION(DRY_RUN) |
		OPTION(RESUME) | OPTION(FORCE),
	    CTL_NEEDS_STORE, "entries of an export, or addresses, into the quarantine",
	    quarantine_import },
	{ "quarantine", "stats", "", 0, 0, FILTER_OPTIONS, CTL_NEEDS_STORE,
	    "how many entries there are: by status, reason, domain", quarantine_stats },
	{ "quarantine", "show", "ADDRESS", 1, 1, 0, CTL_NEEDS_STORE,
	    "why and since when an address is in quarantine", quarantine_show },
	{ "quarantine", "add", "ADDRESS...", 1, COMMAND_MANY,
	    OPTION(REASON) | OPTION(FOR) | OPTION(TEXT), CTL_NEEDS_STORE,
	    "puts addresses into quarantine", quarantine_add },
	{ "quarantine", "remove", "ADDRESS...", 1, COMMAND_MANY, 0, CTL_NEEDS_STORE,
	    "mails addresses again, their errors forgotten", quarantine_remove },
	{ "quarantine", "delivered", "[ADDRESS...]", 0, COMMAND_MANY,
	    OPTION(MAILLOG) | OPTION(STREAM) | OPTION(CONSUMERS), CTL_NEEDS_STORE,
	    "ends doubt about addresses that took a message", quarantine_delivered },
	{ "quarantine", "guard", "list|show|confirm|dismiss [GROUP REASON]", 1, 3, OPTION(UNDO),
	    CTL_NEEDS_STORE, "what an outage held back, and what becomes of it", quarantine_guard },
	{ "report", NULL, "", 0, 0,
	    OPTION(ALL) | OPTION(ACCOUNT) | OPTION(CAMPAIGN) | OPTION(OF_LIST) | OPTION(GROUP) |
		OPTION(SINCE) | OPTION(UNTIL) | OPTION(FORMAT) | OPTION(OUTPUT),
	    CTL_NEEDS_STORE, "what was sent, what came back, and why", report_show },
	{ "events", NULL, "", 0, 0, OPTION(SINCE) | OPTION(FOLLOW) | OPTION(FOR), CTL_NEEDS_STORE,
	    "what has happened, one a line, and what happens", events },
	{ "trace", NULL, "[ADDRESS|DOMAIN|group:NAME]", 0, 1,
	    OPTION(FOR) | OPTION(FOLLOW) | OPTION(LIST) | OPTION(OFF), CTL_NEEDS_STORE,
	    "step by step what is done about an address, on all nodes", trace },
	{ "notify", NULL, "", 0, 0, OPTION(ONCE), CTL_NEEDS_SETTINGS,
	    "mails what happens to postmaster and owners, as mail says", notify },
	{ "classify", NULL, "", 0, 0, 0, CTL_NEEDS_SETTINGS,
	    "type, reason, rule of each SMTP reply on standard input", classify_lines },
	{ "bounce", "test", "[FILE]", 0, 1, OPTION(RECIPIENT), CTL_NEEDS_SETTINGS,
	    "what a bounce says, by which rules, and which came close", bounce_test },
	{ "bounce", "unclassified", "", 0, 0, OPTION(LIMIT) | OPTION(EXPORT) | OPTION(FORGET),
	    CTL_NEEDS_STORE, "texts that no bounce rule knew, by how often they came",
	    bounce_unclassified },
	{ "rules", "check", "[FILE...]", 0, COMMAND_MANY, 0, CTL_NEEDS_NOTHING,
	    "all mistakes of configuration and rules; tries samples", rules_check },
	{ "rules", "show", "[NAME]", 0, 1, OPTION(ORIGIN) | OPTION(BOUNCE) | OPTION(LEVEL),
	    CTL_NEEDS_RULES, "the MX rules, or one, with the limits as enforced", rules_show },
	{ "rules", "update", "", 0, 0, OPTION(DRY_RUN) | OPTION(FORCE) | OPTION(FROM_FLEET),
	    CTL_NEEDS_SETTINGS, "newer rules from rules_url, signed, checked, for all nodes",
	    rules_update },
	{ "rules", "diff", "[VERSION|FILE]", 0, 1, 0, CTL_NEEDS_SETTINGS,
	    "what other rules would change, or those in force have", rules_diff },
	{ "rules", "rollback", "[VERSION]", 0, 1, 0, CTL_NEEDS_SETTINGS,
	    "rules of before, on all nodes, until newer ones come", rules_rollback },
	{ "rules", "list", "", 0, 0, 0, CTL_NEEDS_SETTINGS, "the versions that are kept",
	    rules_list },
	{ "rules", "history", "", 0, 0, 0, CTL_NEEDS_SETTINGS,
	    "who changed the rules in force, and when", rules_history },
	{ "rules", "publish", "DIR", 1, 1, OPTION(KEY) | OPTION(OUTPUT) | OPTION(AS) | OPTION(TEXT),
	    CTL_NEEDS_NOTHING, "checks rules for others, and signs a bundle of them",
	    rules_publish },
	{ "rules", "key", "FILE", 1, 1, 0, CTL_NEEDS_NOTHING,
	    "makes a key that signs rules, and its public half", rules_key },
	{ "verify", NULL, "[FILE]", 0, 1, OPTION(COLUMN) | OPTION(FORMAT), CTL_NEEDS_STORE,
	    "a list before it is mailed: each address with a verdict", verify_list },
	{ "verp", "sign", "SENDER [RECIPIENT...]", 1, COMMAND_MANY, 0, CTL_NEEDS_SETTINGS,
	    "signed return paths: to each recipient, or of the sender", verp_sign_path },
	{ "verp", "check", "ADDRESS [RECIPIENT]", 1, 2, 0, CTL_NEEDS_SETTINGS,
	    "what the signature in a return path proves", verp_check_path },
	{ "verp", "key", "FILE", 1, 1, 0, CTL_NEEDS_NOTHING, "makes a key for return_path_keys",
	    verp_make_key },
	{ "postfix", "setup", "", 0, 0,
	    OPTION(DIRECTORY) | OPTION(DRY_RUN) | OPTION(TIMERS) | OPTION(FORCE) | OPTION(RELOAD),
	    CTL_NEEDS_RULES, "has Postfix ask mxpolicyd about what it delivers", postfix_setup },
	{ "postfix", "show", "", 0, 0, OPTION(DIRECTORY), CTL_NEEDS_RULES,
	    "what is set up, and whether the rules still agree", postfix_show },
	{ "postfix", "remove", "", 0, 0, OPTION(DIRECTORY) | OPTION(DRY_RUN) | OPTION(RELOAD),
	    CTL_NEEDS_NOTHING, "main.cf and master.cf as they were", postfix_remove },
	{ "doctor", NULL, "", 0, 0, OPTION(DIRECTORY) | OPTION(ALL), CTL_NEEDS_NOTHING,
	    "what is not as it should be, and what to do about it", doctor_run },
	{ "completion", NULL, "bash|zsh|fish", 1, 1, 0, CTL_NEEDS_NOTHING,
	    "what the Tab key offers, as a script for a shell", completion },
	{ "help", NULL, "[COMMAND]", 0, 2, 0, CTL_NEEDS_NOTHING, "this, or more about one command",
	    help },
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command_option command_options[CTL_OPTIONS] = {
	[CTL_OPTION_SENDER] = { "--sender", "ADDRESS",
	    "the envelope sender; \"<>\" for the null sender" },
	[CTL_OPTION_RECIPIENT] = { "--recipient", "ADDRESS",
	    "the envelope recipient it came to, as pipe(8) says" },
	[CTL_OPTION_WATCH] = { "--watch", NULL, "what goes on, again each second, until Ctrl-C" },
	[CTL_OPTION_MATCH] = { "--match", "GLOB", "only addresses like this: '*@example.com'" },
	[CTL_OPTION_COUNTING] = { "--counting", NULL,
	    "those with errors counted that are still mailed" },
	[CTL_OPTION_REASON] = { "--reason", "REASON",
	    "user_unknown, mailbox_full, ...; what is added: user_unknown" },
	[CTL_OPTION_FOR] = { "--for", "TIME", "for so long (90s, 12h, 30d); default: no end" },
	[CTL_OPTION_TEXT] = { "--text", "WORDS",
	    "why, for those who are refused; of a search: diagnostics like this (PCRE2)" },
	[CTL_OPTION_DIRECTORY] = { "-c", "DIR",
	    "Postfix' configuration directory, /etc/postfix if not given" },
	[CTL_OPTION_DRY_RUN] = { "--dry-run", NULL,
	    "shows what would be done and changes nothing" },
	[CTL_OPTION_TIMERS] = { "--timers", NULL, "sets the queue's timers too" },
	[CTL_OPTION_FORCE] = { "--force", NULL, "goes on where something speaks against it" },
	[CTL_OPTION_IP] = { "--ip", "NAME", "only for this sending IP" },
	[CTL_OPTION_RATE] = { "--rate", "N", "at most N messages an hour" },
	[CTL_OPTION_CONNECTIONS] = { "--connections", "N", "at most N connections" },
	[CTL_OPTION_SUSPEND] = { "--suspend", NULL, "nothing at all" },
	[CTL_OPTION_WHY] = { "--why", "WORDS", "why, for everybody who asks" },
	[CTL_OPTION_MAILLOG] = { "--maillog", NULL, "standard input is a log of Postfix" },
	[CTL_OPTION_STREAM] = { "--stream", NULL, "reads the stream mxpace:delivered, for ever" },
	[CTL_OPTION_CONSUMERS] = { "--consumers", "NAME",
	    "the stream's consumer group; default: mxpace" },
	[CTL_OPTION_ALL] = { "--all", NULL, "the whole queue of this host; all mail" },
	[CTL_OPTION_FULLY] = { "--fully", NULL, "without probation" },
	[CTL_OPTION_OFF] = { "--off", NULL, "not any more" },
	[CTL_OPTION_LIST] = { "--list", NULL, "what there is" },
	[CTL_OPTION_LISTS] = { "--lists", NULL, "mailing lists instead of campaigns" },
	[CTL_OPTION_GROUP] = { "--group", "GLOB", "only of MX groups like this: 'google'" },
	[CTL_OPTION_DOMAIN] = { "--domain", "GLOB", "only of domains like this: '*.example.com'" },
	[CTL_OPTION_RULE] = { "--rule", "GLOB",
	    "only by bounce rules like this; level: this MX rule" },
	[CTL_OPTION_POOL] = { "--pool", "NAME", "the sending IPs of this pool" },
	[CTL_OPTION_LEVEL] = { "--level", "LEVEL", "as if this level held: slow, fast, ..." },
	[CTL_OPTION_CAMPAIGN] = { "--campaign", "GLOB", "only of campaigns like this" },
	[CTL_OPTION_OF_LIST] = { "--list", "GLOB", "only of lists like this" },
	[CTL_OPTION_ACCOUNT] = { "--account", "GLOB", "only of accounts like this" },
	[CTL_OPTION_SINCE] = { "--since", "TIME", "only from then on: 6h, \"2026-11-22 08:00\"" },
	[CTL_OPTION_UNTIL] = { "--until", "TIME", "only up to then, likewise" },
	[CTL_OPTION_STATUS] = { "--status", "STATUS",
	    "counting, held, quarantined, released, all; or several: a,b" },
	[CTL_OPTION_SHOW] = { "--show", NULL, "what was undone in the last 30 days" },
	[CTL_OPTION_FORMAT] = { "--format", "FORMAT",
	    "csv, jsonl, list (of addresses); of reports text, html, json, csv" },
	[CTL_OPTION_RESUME] = { "--resume", NULL, "goes on where the last import stopped" },
	[CTL_OPTION_RELEASE] = { "--release", "TIME", "mailed again after so long: 30d, never" },
	[CTL_OPTION_LIMIT] = { "--limit", "N", "at most N of them" },
	[CTL_OPTION_ORIGIN] = { "--origin", NULL, "which file and line says so, key by key" },
	[CTL_OPTION_BOUNCE] = { "--bounce", NULL, "the bounce rules instead" },
	[CTL_OPTION_ONCE] = { "--once", NULL, "what is there, and ends" },
	[CTL_OPTION_FOLLOW] = { "--follow", NULL, "then waits for more" },
	[CTL_OPTION_OUTPUT] = { "--output", "FILE", "into this file" },
	[CTL_OPTION_UNDO] = { "--undo", NULL,
	    "releases too what that answer quarantined just before" },
	[CTL_OPTION_FROM_FLEET] = { "--from-fleet", NULL,
	    "those that another node has told; mxpolicyd runs this" },
	[CTL_OPTION_KEY] = { "--key", "FILE", "the secret key that signs" },
	[CTL_OPTION_AS] = { "--as", "VERSION", "its version, where the files name none" },
	[CTL_OPTION_EXPORT] = { "--export", "FILE",
	    "into this file, without names, for who makes the rules" },
	[CTL_OPTION_FORGET] = { "--forget", "GLOB", "takes texts like this off the list" },
	[CTL_OPTION_PLAN] = { "--plan", "NAME", "of warmup_plans; the first, if not said" },
	[CTL_OPTION_HISTORY] = { "--history", NULL,
	    "its days drawn as a time line, and what happened" },
	[CTL_OPTION_COLUMN] = { "--column", "N", "the input is CSV, addresses in column N" },
	[CTL_OPTION_RELOAD] = { "--reload", NULL, "has Postfix reload after a change" },
};

/* -- help -------------------------------------------------------------------------------------- */

static bool
is_named(const struct command *command, const char *name, const char *sub)
{
	return strcmp(command->name, name) == 0 &&
	       (sub == NULL || (command->sub != NULL && strcmp(command->sub, sub) == 0));
}

static void
print_usage(FILE *stream, const char *prefix, const struct command *command)
{
	fprintf(stream, "%smxctl %s%s%s%s%s", prefix, command->name,
	    command->sub != NULL ? " " : "", command->sub != NULL ? command->sub : "",
	    *command->operands != '\0' ? " " : "", command->operands);
	for (size_t i = 0; i < CTL_OPTIONS; i++)
		if ((command->options & (UINT64_C(1) << i)) != 0)
			fprintf(stream, " [%s%s%s]", command_options[i].name,
			    command_options[i].value != NULL ? " " : "",
			    command_options[i].value != NULL ? command_options[i].value : "");
	fputc('\n', stream);
}

static void
print_all(FILE *stream)
{
	fputs("usage: mxctl [-c FILE] [--json] COMMAND ...\n\n", stream);
	for (size_t i = 0; i < command_count; i++)
		if (*commands[i].help != '\0') /* for machines */
			fprintf(stream, "  %-10s %-7s %s\n", commands[i].name,
			    commands[i].sub != NULL ? commands[i].sub : "", commands[i].help);
	fputs("\n"
	      "  -c FILE     the configuration, " DEFAULT_FILE " if not given\n"
	      "  --json      the same in JSON\n"
	      "  --version   the version of mxpace\n"
	      "\n"
	      "Exits 0: done, 1: the answer is no, 2: wrong usage, 3: store or daemon away.\n"
	      "`mxctl help COMMAND` tells more, mxctl(1) everything.\n",
	    stream);
}

static void
print_command(FILE *stream, const struct command *command)
{
	print_usage(stream, "usage: ", command);
	fprintf(stream, "  %s\n", command->help);
	for (size_t i = 0; i < CTL_OPTIONS; i++)
		if ((command->options & (UINT64_C(1) << i)) != 0)
			fprintf(stream, "  %-10s %-8s %s\n", command_options[i].name,
			    command_options[i].value != NULL ? command_options[i].value : "",
			    command_options[i].help);
}

static enum ctl_exit
help(struct ctl *ctl)
{
	const char *name = ctl->operand_count > 0 ? ctl->operands[0] : NULL;
	const char *sub = ctl->operand_count > 1 ? ctl->operands[1] : NULL;
	size_t shown = 0;

	if (name == NULL) {
		print_all(ctl->stream);
		return CTL_DONE;
	}
	for (size_t i = 0; i < command_count; i++) {
		if (!is_named(&commands[i], name, sub))
			continue;
		if (shown++ > 0)
			fputc('\n', ctl->stream);
		print_command(ctl->stream, &commands[i]);
	}
	if (shown > 0)
		return CTL_DONE;
	ctl_complain(ctl, "no command \"%s%s%s\"; `mxctl help` lists them", name,
	    sub != NULL ? " " : "", sub != NULL ? sub : "");
	return CTL_USAGE;
}

/* -- parsing ----------------------------------------------------------------------------------- */

struct words { /* what is not an option */
	const char **items;
	size_t count;
	bool help, version;
};

/* The next argument as an option's value; NULL and a complaint: there is none. */
static const char *
take_value(struct ctl *ctl, int argc, char **argv, int *i, const char *name)
{
	if (*i + 1 < argc)
		return argv[++*i];
	ctl_complain(ctl, "%s needs a value", name);
	return NULL;
}

/* The options of the command named so far. */
static uint64_t
named_options(const struct words *words)
{
	const char *name = words->count > 0 ? words->items[0] : "";
	const char *sub = words->count > 1 ? words->items[1] : NULL;

	for (size_t i = 0; i < command_count; i++)
		if (is_named(&commands[i], name, commands[i].sub != NULL ? sub : NULL))
			return commands[i].options;
	return 0;
}

/* The option of that name; of several the one that the command takes. CTL_OPTIONS: there is none. */
static size_t
find_option(const struct words *words, const char *name, size_t len)
{
	uint64_t taken = named_options(words);
	size_t found = CTL_OPTIONS;

	for (size_t k = 0; k < CTL_OPTIONS; k++)
		if (strlen(command_options[k].name) == len &&
		    strncmp(command_options[k].name, name, len) == 0 &&
		    (found == CTL_OPTIONS || (taken & (UINT64_C(1) << k)) != 0))
			found = k;
	return found;
}

/* A command's option, as "--match GLOB" or "--match=GLOB". -1: it is none, or wrong. */
static int
parse_option(struct ctl *ctl, int argc, char **argv, int *i, const struct words *words)
{
	const char *arg = argv[*i];
	size_t len = strcspn(arg, "="), k = find_option(words, arg, len);

	if (k < CTL_OPTIONS) {
		const struct command_option *option = &command_options[k];

		if (option->value == NULL && arg[len] == '=') {
			ctl_complain(ctl, "%s takes no value", option->name);
			return -1;
		}
		ctl->options[k] = option->value == NULL ? ""
				  : arg[len] == '='     ? arg + len + 1
						    : take_value(ctl, argc, argv, i, option->name);
		return ctl->options[k] != NULL ? 0 : -1;
	}
	ctl_complain(ctl, "unknown option %s", arg);
	return -1;
}

/* Whether the command named so far takes -c itself: then it stands for that, not for the
 * configuration. */
static bool
takes_directory(const struct words *words)
{
	for (size_t i = 0; words->count > 0 && i < command_count; i++)
		if (is_named(&commands[i], words->items[0], NULL) &&
		    (commands[i].options & OPTION(DIRECTORY)) != 0)
			return true;
	return false;
}

static int
parse_words(struct ctl *ctl, int argc, char **argv, struct words *words)
{
	bool only_words = false;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (only_words || arg[0] != '-' || arg[1] == '\0') {
			words->items[words->count++] = arg;
		} else if (strcmp(arg, "--") == 0) {
			only_words = true;
		} else if ((strcmp(arg, "-c") == 0 && !takes_directory(words)) ||
			   strcmp(arg, "--config") == 0) {
			if ((ctl->file = take_value(ctl, argc, argv, &i, arg)) == NULL)
				return -1;
		} else if (strcmp(arg, "--json") == 0) {
			ctl->json = true;
		} else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			words->help = true;
		} else if (strcmp(arg, "--version") == 0) {
			words->version = true;
		} else if (parse_option(ctl, argc, argv, &i, words) != 0) {
			return -1;
		}
	}
	return 0;
}

/* The usage of a family, or of all. */
static void
print_usages(FILE *stream, const char *name)
{
	const char *prefix = "usage: ";

	for (size_t i = 0; i < command_count; i++) {
		if (name != NULL && strcmp(commands[i].name, name) != 0)
			continue;
		print_usage(stream, prefix, &commands[i]);
		prefix = "       ";
	}
	if (*prefix != ' ')
		fputs("usage: mxctl [-c FILE] [--json] COMMAND ...; `mxctl help` lists the "
		      "commands\n",
		    stream);
}

static const struct command *
find_command(struct ctl *ctl, const struct words *words)
{
	const struct command *family = NULL;

	for (size_t i = 0; words->count > 0 && i < command_count; i++) {
		const struct command *command = &commands[i];

		if (!is_named(command, words->items[0], NULL))
			continue;
		family = command;
		if (command->sub == NULL ||
		    (words->count > 1 && is_named(command, words->items[0], words->items[1])))
			return command;
	}
	if (words->count == 0)
		ctl_complain(ctl, "no command given");
	else if (family == NULL)
		ctl_complain(ctl, "no command \"%s\"", words->items[0]);
	else if (words->count == 1)
		ctl_complain(ctl, "%s what?", family->name);
	else
		ctl_complain(ctl, "no command \"%s %s\"", words->items[0], words->items[1]);
	print_usages(ctl->errors, family != NULL ? family->name : "");
	return NULL;
}

static int
check_arguments(struct ctl *ctl, const struct command *command)
{
	size_t count = ctl->operand_count;

	for (size_t i = 0; i < CTL_OPTIONS; i++)
		if (ctl->options[i] != NULL && (command->options & (UINT64_C(1) << i)) == 0) {
			ctl_complain(ctl, "%s%s%s takes no %s", command->name,
			    command->sub != NULL ? " " : "",
			    command->sub != NULL ? command->sub : "", command_options[i].name);
			return -1;
		}
	if (count >= command->least && count <= command->most)
		return 0;
	if (count < command->least)
		ctl_complain(ctl, "%s is missing", command->operands);
	else
		ctl_complain(ctl, "what is \"%s\"?", ctl->operands[command->most]);
	return -1;
}

static enum ctl_exit
run_command(struct ctl *ctl, const struct command *command)
{
	enum ctl_exit rc;

	ctl->width = terminal_of(ctl->stream).width;
	rc = ctl_open(ctl, command->needs);
	return rc == CTL_DONE ? command->run(ctl) : rc;
}

static enum ctl_exit
parse_and_run(struct ctl *ctl, int argc, char **argv, struct words *words)
{
	const struct command *command;
	size_t named;

	if (parse_words(ctl, argc, argv, words) != 0) {
		print_usages(ctl->errors, words->count > 0 ? words->items[0] : "");
		return CTL_USAGE;
	}
	if (words->version) {
		fprintf(ctl->stream, "mxctl (mxpace) %s\n", MXPACE_VERSION);
		return CTL_DONE;
	}
	if (words->help) {
		ctl->operands = words->items;
		ctl->operand_count = words->count < 2 ? words->count : 2;
		return help(ctl);
	}
	command = find_command(ctl, words);
	if (command == NULL)
		return CTL_USAGE;
	named = command->sub != NULL ? 2 : 1;
	ctl->operands = words->items + named;
	ctl->operand_count = words->count - named;
	if (check_arguments(ctl, command) != 0) {
		print_usage(ctl->errors, "usage: ", command);
		return CTL_USAGE;
	}
	return run_command(ctl, command);
}

int
command_main(int argc, char **argv, FILE *in, FILE *stream, FILE *errors)
{
	struct words words = { .items = mem_alloc((size_t)argc * sizeof(char *)) };
	struct ctl ctl = { .in = in, .stream = stream, .errors = errors, .file = DEFAULT_FILE };
	enum ctl_exit rc;

	arena_init(&ctl.arena);
	rc = parse_and_run(&ctl, argc, argv, &words);
	if (ctl_close(&ctl) != 0) {
		ctl_complain(&ctl, "the output could not be written");
		rc = CTL_NO;
	}
	free(words.items);
	return (int)rc;
}
