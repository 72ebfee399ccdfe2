#include "log_senders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

enum { KEY_MAX = 128 };

struct message { /* those told of last stand last in the table */
	UT_hash_handle hh;
	char *login, *sender; /* NULL: not told yet */
	size_t len;
	char key[]; /* host, blank, queue ID */
};

struct host {
	UT_hash_handle hh;
	int64_t at_s;
	unsigned count; /* places given in that second */
	char name[];
};

struct log_senders {
	struct message *messages;
	struct host *hosts;
	size_t most;
};

struct log_senders *
log_senders_new(size_t most)
{
	struct log_senders *senders = mem_alloc(sizeof(*senders));

	senders->most = most;
	return senders;
}

/* -- messages ----------------------------------------------------------------------------------- */

static void
forget(struct log_senders *senders, struct message *message)
{
	HASH_DEL(senders->messages, message);
	free(message->login);
	free(message->sender);
	free(message);
}

/* Its length; 0: too long. */
static size_t
make_key(const struct maillog_line *line, char key[KEY_MAX])
{
	int len = snprintf(key, KEY_MAX, "%.*s %.*s", (int)line->host.len, line->host.ptr,
	    (int)line->id.len, line->id.ptr);

	return len > 0 && len < KEY_MAX ? (size_t)len : 0;
}

static struct message *
find(const struct log_senders *senders, const struct maillog_line *line)
{
	struct message *message = NULL;
	char key[KEY_MAX];
	size_t len = make_key(line, key);

	if (len > 0 && senders->messages != NULL)
		HASH_FIND(hh, senders->messages, key, len, message);
	return message;
}

/* NULL: a key that is too long. */
static struct message *
make(struct log_senders *senders, const struct maillog_line *line)
{
	struct message *message;
	char key[KEY_MAX];
	size_t len = make_key(line, key);

	if (len == 0)
		return NULL;
	while (HASH_COUNT(senders->messages) >= senders->most)
		forget(senders, senders->messages);
	message = mem_alloc(sizeof(*message) + len);
	message->len = len;
	memcpy(message->key, key, len);
	HASH_ADD_KEYPTR(hh, senders->messages, message->key, len, message);
	return message;
}

static void
set(char **to, struct span text)
{
	free(*to);
	*to = mem_dup_bytes(text.ptr, text.len);
}

void
log_senders_take(struct log_senders *senders, enum maillog_kind kind,
    const struct maillog_line *line)
{
	struct message *message;

	if (kind == MAILLOG_OTHER || kind == MAILLOG_DELIVERED)
		return;
	message = find(senders, line);
	if (message != NULL && (kind == MAILLOG_REMOVED || kind == MAILLOG_CLIENT)) {
		forget(senders, message);
		message = NULL;
	}
	if (kind == MAILLOG_REMOVED)
		return;
	if (message == NULL) {
		message = make(senders, line);
	} else { /* to the end of the table */
		HASH_DEL(senders->messages, message);
		HASH_ADD_KEYPTR(hh, senders->messages, message->key, message->len, message);
	}
	if (message != NULL)
		set(kind == MAILLOG_CLIENT ? &message->login : &message->sender, line->text);
}

const char *
log_senders_find(const struct log_senders *senders, const struct maillog_line *line,
    const char **login)
{
	const struct message *message = find(senders, line);

	*login = message != NULL && message->login != NULL ? message->login : "";
	return message != NULL ? message->sender : NULL;
}

/* -- places ------------------------------------------------------------------------------------- */

static void
forget_hosts(struct log_senders *senders)
{
	struct host *host, *next;

	HASH_ITER (hh, senders->hosts, host, next) {
		HASH_DEL(senders->hosts, host);
		free(host);
	}
}

static struct host *
host_of(struct log_senders *senders, struct span name)
{
	struct host *host = NULL;

	if (senders->hosts != NULL)
		HASH_FIND(hh, senders->hosts, name.ptr, name.len, host);
	if (host != NULL)
		return host;
	if (HASH_COUNT(senders->hosts) >= LOG_HOSTS_MAX)
		forget_hosts(senders);
	host = mem_alloc(sizeof(*host) + name.len + 1);
	if (name.len > 0)
		memcpy(host->name, name.ptr, name.len);
	host->at_s = -1;
	HASH_ADD_KEYPTR(hh, senders->hosts, host->name, name.len, host);
	return host;
}

void
log_senders_place(struct log_senders *senders, const struct maillog_line *line,
    char place[LOG_PLACE_SIZE])
{
	struct host *host;

	*place = '\0';
	if (line->at_s < 0)
		return;
	host = host_of(senders, line->host);
	if (line->at_s > host->at_s) {
		host->at_s = line->at_s;
		host->count = 0;
	}
	snprintf(place, LOG_PLACE_SIZE, "%012" PRId64 ".%08u", host->at_s, ++host->count);
}

void
log_senders_free(struct log_senders **senders)
{
	struct message *message, *next;

	if (*senders == NULL)
		return;
	HASH_ITER (hh, (*senders)->messages, message, next)
		forget(*senders, message);
	forget_hosts(*senders);
	free(*senders);
	*senders = NULL;
}
