#include "returnpath.h"

#include <string.h>

#include "domain.h"
#include "return_path.h"
#include "str.h"
#include "verp_keys.h"

int
returnpath_load(const struct settings *settings, struct verp_keys *keys, struct err *err)
{
	char signature[VERP_SIGNATURE_SIZE];

	if (verp_keys_load(settings, keys, err) == 0 &&
	    (keys->count == 0 ||
		verp_sign(keys, VERP_OF_SENDER, "a@b.test", 0, signature, err) == 0))
		return 0;
	err_prefix(err, "return_path_keys");
	return -1;
}

/* An answer can carry nothing else. */
static bool
is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '!' || text.ptr[i] > '~')
			return false;
	return true;
}

static bool
is_ours(const struct settings *settings, const char *domain)
{
	for (size_t i = 0; i < settings->return_path_domains.count; i++)
		if (domain_matches(settings->return_path_domains.items[i], domain))
			return true;
	return false;
}

void
returnpath_answer(const struct settings *settings, const struct verp_keys *keys, struct span sender,
    int64_t now_s, struct sockmap_reply *reply)
{
	struct return_path path;
	struct return_path_checked checked;
	char out[ADDR_SIZE];

	sockmap_reply_set(reply, ANSWER_NOTFOUND, NULL);
	if (!is_ascii(sender) || return_path_parse(sender, settings->verp_delimiters, &path) != 0 ||
	    !is_ours(settings, addr_domain(path.whole)))
		return;
	checked = return_path_check(&path, "", keys, now_s, verp_keys_valid_days(settings));
	if (checked.recipient.proof == VERP_VALID)
		sockmap_reply_set(reply, ANSWER_OK, "%.*s", (int)sender.len, sender.ptr);
	else if (checked.sender.proof != VERP_VALID &&
		 return_path_sign_sender(keys, settings->verp_delimiters, &path, now_s, out,
		     NULL) == 0 &&
		 strlen(out) - strlen(addr_domain(out)) - 1 <= RETURN_PATH_LOCAL_MAX)
		sockmap_reply_set(reply, ANSWER_OK, "%s", out);
}

void
returnpath_unsign(const struct settings *settings, const struct verp_keys *keys, int64_t now_s,
    char sender[ADDR_SIZE])
{
	struct str plain = { 0 };
	struct return_path path;
	const char *domain;

	if (keys->count == 0 ||
	    return_path_parse(span_of(sender), settings->verp_delimiters, &path) != 0 ||
	    return_path_check(&path, "", keys, now_s, verp_keys_valid_days(settings)).sender.proof <
		VERP_EXPIRED)
		return;
	domain = addr_domain(path.sender);
	str_addf(&plain, "%.*s%s@%s", (int)(domain - path.sender) - 1, path.sender, path.extension,
	    domain);
	if (plain.len < ADDR_SIZE)
		memcpy(sender, plain.data, plain.len + 1);
	str_free(&plain);
}
