/* mxbounce - understands one returned message and writes down what follows. mxbounce(8). */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "apply.h"
#include "classify.h"
#include "clock.h"
#include "log.h"
#include "ndr.h"
#include "pack.h"
#include "rules_cache.h"
#include "unreadable.h"
#include "verp.h"
#include "verp_keys.h"

enum { READ_FIRST = 16000 };

struct options {
	const char *file;
	const char *sender, *recipient, *queue_id;
	bool dry_run, json;
};

/* pipe(8) bounces a message on any exit status but 0 and 75, and a bounce of a bounce is lost: so
 * outside of --dry-run every failure, also one of the options or the configuration, is 75. */
static int
failure(const struct options *options, int status)
{
	return options->dry_run ? status : EX_TEMPFAIL;
}

static void
usage(FILE *to)
{
	fputs(
	    "usage: mxbounce [-c file] --sender address --recipient address [--queue-id id] "
	    "< message\n"
	    "       mxbounce [-c file] --dry-run [--json] [--sender address] [--recipient address] "
	    "< message\n"
	    "       mxbounce --version\n",
	    to);
}

/* -1: usage; 1: done already. */
static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "sender", required_argument, NULL, 's' },
		{ "recipient", required_argument, NULL, 'r' },
		{ "queue-id", required_argument, NULL, 'q' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool wrong = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:s:r:q:njVh", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 's':
			options->sender = optarg;
			break;
		case 'r':
			options->recipient = optarg;
			break;
		case 'q':
			options->queue_id = optarg;
			break;
		case 'n':
			options->dry_run = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'V':
			puts("mxbounce " MXPACE_VERSION);
			return 1;
		case 'h':
			usage(stdout);
			return 1;
		default:
			wrong = true;
		}
	}
	return wrong || optind < argc ? -1 : 0;
}

/* At most `max` bytes; what is beyond is read and dropped: a message that is too long is understood
 * from its beginning. Memory grows with the message: most are of a few kB, and every page that is
 * touched counts in a program that runs for less than a millisecond. */
static int
read_message(int64_t max, struct str *message, struct err *err)
{
	static char dropped[65536];

	for (;;) {
		size_t room = (size_t)max - message->len;
		ssize_t n;

		if (room == 0) {
			n = read(STDIN_FILENO, dropped, sizeof(dropped));
		} else {
			if (message->len + 1 >= message->cap)
				str_reserve(message, READ_FIRST);
			room = message->cap - message->len - 1 < room
				   ? message->cap - message->len - 1
				   : room;
			n = read(STDIN_FILENO, message->data + message->len, room);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, "reading the message: %s", strerror(errno));
			return -1;
		}
		if (n == 0)
			return 0;
		if (message->len < (size_t)max)
			message->len += (size_t)n;
	}
}

static void
log_lines(void (*log)(const char *, ...), const struct str *lines)
{
	struct span rest = span_make(str_text(lines), lines->len), line;

	while (span_line(&rest, &line))
		log("%.*s", (int)line.len, line.ptr);
}

/* From the text files; -1 with the mistakes logged. */
static int
load_texts(const char *file, struct rules_cache *loaded)
{
	int64_t read_ms = rules_cache_now_ms();
	struct conf_errors errors = { 0 };

	loaded->settings = settings_load(file, &errors);
	if (loaded->settings != NULL)
		loaded->rules = bounce_rules_load(loaded->settings->bounce_rules,
		    loaded->settings->bounce_rules_local, &errors);
	log_lines(log_error, &errors.lines);
	conf_errors_free(&errors);
	if (loaded->rules == NULL)
		return -1;
	rules_cache_save(loaded->settings, loaded->rules, read_ms, NULL);
	return 0;
}

static void
print_report(const struct options *options, const struct report *report)
{
	struct str out = { 0 };

	if (options->json) {
		report_json(report, &out);
	} else {
		str_addf(&out, "%s (%s)", report_kind_name(report->kind), report->format);
		for (size_t i = 0; i < report->count; i++) {
			const struct report_recipient *r = &report->recipients[i];

			str_addf(&out, "\n%s: %s %s, rule %s, code %u %s, from %s: %s", r->address,
			    bounce_type_name(r->type), reason_name(r->reason),
			    *r->rule != '\0' ? r->rule : "none", r->reply_code, r->status,
			    *r->remote_mta != '\0' ? r->remote_mta : "?", r->diagnostic);
		}
	}
	puts(str_text(&out));
	str_free(&out);
}

struct connection {
	struct store_sync *store; /* NULL: not tried, or `err` says why */
	bool tried;
	struct err err;
};

static void
connect_store(const struct settings *settings, struct connection *connection)
{
	if (!connection->tried)
		connection->store =
		    store_sync_open(&settings->redis, settings->store_timeout_ms, &connection->err);
	connection->tried = true;
}

/* What the return path proves; only with verify_return_path are the keys read at all. -1: logged. */
static int
learn_signatures(const struct options *options, const struct settings *settings,
    struct return_path *path, struct verp_keys *keys, struct apply_envelope *envelope,
    struct trust_signed *asked)
{
	struct err err;

	if (settings->verify_return_path == VERIFY_RETURN_PATH_OFF)
		return 0;
	if (verp_keys_load(settings, keys, &err) != 0) {
		log_error("return_path_keys: %s; trying again later", err.text);
		return -1;
	}
	return_path_parse(span_of(options->recipient), settings->verp_delimiters, path);
	*asked = (struct trust_signed){
		.path = path,
		.keys = keys,
		.now_s = clock_wall_s(),
		.valid_days = verp_keys_valid_days(settings),
	};
	envelope->signed_path = asked;
	return 0;
}

static void
log_nothing(const struct options *options, const struct report *report)
{
	const struct log_field fields[] = {
		{ "kind", report_kind_name(report->kind), LOG_SAME },
		{ "recipient", options->recipient, LOG_ADDRESS },
		{ "message_id", report->message_id, LOG_ADDRESS },
		{ "queue_id", *options->queue_id != '\0' ? options->queue_id : NULL, LOG_SAME },
	};

	log_event(LOG_LEVEL_INFO, "nothing to count", fields, sizeof(fields) / sizeof(fields[0]),
	    NULL);
}

static int
apply_report(const struct options *options, const struct settings *settings,
    const struct report *report, const char *verp, const char *id, struct connection *connection)
{
	struct apply_envelope envelope = { options->sender, options->recipient, verp, NULL,
		options->queue_id };
	struct trust_signed asked;
	struct return_path path;
	struct verp_keys keys;
	struct str log = { 0 };
	int rc = -1;

	if (!apply_needs_store(report)) {
		log_nothing(options, report);
		return EX_OK;
	}
	if (learn_signatures(options, settings, &path, &keys, &envelope, &asked) != 0)
		return EX_TEMPFAIL;
	connect_store(settings, connection);
	if (connection->store != NULL)
		rc = apply(settings, connection->store, report, &envelope, id, &log,
		    &connection->err);
	log_lines(log_info, &log);
	if (rc != 0)
		log_error("store away: %s; trying again later", connection->err.text);
	str_free(&log);
	return rc == 0 ? EX_OK : EX_TEMPFAIL;
}

static int
process(const struct options *options, const struct settings *settings,
    const struct bounce_rules *rules)
{
	char verp[ADDR_SIZE] = "", id[APPLY_ID_SIZE];
	struct ndr_options ndr = { verp, &settings->campaign_headers, &settings->list_headers,
		&settings->account_headers };
	struct connection connection = { 0 };
	struct str message = { 0 };
	struct report report;
	struct arena arena;
	struct span bytes;
	struct err err;
	int rc;

	if (read_message(settings->max_message_size, &message, &err) != 0) {
		log_error("%s", err.text);
		return failure(options, EX_IOERR);
	}
	bytes = span_make(str_text(&message), message.len);
	if (verp_parse(span_of(options->recipient), settings->verp_delimiters, verp) != 0)
		verp[0] = '\0';
	arena_init(&arena);
	if (!options->dry_run) {
		/* A Redis on this host takes the connection in while the message is read. */
		if (*settings->redis.path != '\0')
			connect_store(settings, &connection);
		snprintf(id, sizeof(id), "%016" PRIx64, pack_sum(bytes));
		unreadable_guard(settings->state_dir, id, bytes);
	}
	ndr_read(&arena, bytes, &ndr, &report);
	classify_report(rules, &report);
	unreadable_release();
	if (options->dry_run) {
		print_report(options, &report);
		rc = EX_OK;
	} else {
		apply_id(report.message, report.header, id);
		rc = apply_report(options, settings, &report, verp, id, &connection);
	}
	store_sync_close(&connection.store);
	arena_clear(&arena);
	str_free(&message);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options options = { "/etc/mxpace/mxpace.conf", "", "", "", false, false };
	struct rules_cache loaded;
	int parsed = parse_options(argc, argv, &options);
	int rc;

	log_open("mxbounce");
	if (parsed > 0)
		return EX_OK;
	if (parsed < 0) {
		usage(stderr);
		return failure(&options, EX_USAGE);
	}
	if (!options.dry_run) {
		log_to_syslog();
		unreadable_start();
	}
	if (rules_cache_load(options.file, &loaded) != 0 && load_texts(options.file, &loaded) != 0)
		rc = failure(&options, EX_CONFIG);
	else
		rc = process(&options, loaded.settings, loaded.rules);
	rules_cache_clear(&loaded);
	return rc;
}
