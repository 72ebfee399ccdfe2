#include "rules_offer.h"

#include <string.h>

#include "clock.h"
#include "fetch.h"
#include "file.h"
#include "minisign.h"
#include "rules_version.h"

enum { KEYS_MAX = 16, KEY_TEXT = 56, SIGNATURE_MAX = 8192 };

/* -- whom we trust ----------------------------------------------------------------------------- */

/* A path that is relative stands beside the configuration file. */
static const char *
beside(struct ctl *ctl, const char *path)
{
	const char *slash = strrchr(ctl->settings->file, '/');

	if (*path == '/' || slash == NULL)
		return path;
	return arena_printf(&ctl->arena, "%.*s/%s", (int)(slash - ctl->settings->file),
	    ctl->settings->file, path);
}

static int
load_key(struct ctl *ctl, const char *text, struct minisign_public *key, struct err *err)
{
	struct str file = { 0 };
	int rc;

	if (strncmp(text, "RW", 2) == 0 && strlen(text) == KEY_TEXT)
		rc = minisign_public_parse(span_of(text), key, err);
	else if ((rc = file_read(beside(ctl, text), &file, err)) == 0)
		rc = minisign_public_parse(span_make(str_text(&file), file.len), key, err);
	if (rc != 0)
		err_prefix(err, "rules_keys: \"%.100s\"", text);
	str_free(&file);
	return rc;
}

static long
load_keys(struct ctl *ctl, struct minisign_public keys[KEYS_MAX], struct err *err)
{
	const struct conf_strings *texts = &ctl->settings->rules_keys;

	if (texts->count == 0 || texts->count > KEYS_MAX) {
		err_set(err, "rules_keys in %s must name 1 to %d keys", ctl->settings->file,
		    KEYS_MAX);
		return -1;
	}
	for (size_t i = 0; i < texts->count; i++)
		if (load_key(ctl, texts->items[i], &keys[i], err) != 0)
			return -1;
	return (long)texts->count;
}

/* -- what is offered --------------------------------------------------------------------------- */

int
rules_offer_open(struct ctl *ctl, const char *from, struct span text, struct span signature,
    struct rules_offer *offer, struct err *err)
{
	struct minisign_public keys[KEYS_MAX];
	long count = load_keys(ctl, keys, err);
	struct str comment = { 0 };
	int rc;

	if (count < 0)
		return -1;
	*offer = (struct rules_offer){ .text = text, .signature = signature, .from = from };
	rc = minisign_verify(keys, (size_t)count, text, signature, &comment, err);
	if (rc == 0)
		rc = bundle_parse(text, &ctl->arena, &offer->bundle, err);
	if (rc == 0)
		offer->comment = arena_dup(&ctl->arena, span_make(str_text(&comment), comment.len));
	else
		err_prefix(err, "%s", from);
	str_free(&comment);
	return rc;
}

/* The same, of what was read into two strings, which it frees. */
static int
open_read(struct ctl *ctl, const char *from, struct str *text, struct str *signature, int rc,
    struct rules_offer *offer, struct err *err)
{
	if (rc == 0) {
		struct span kept = span_make(
		    arena_dup(&ctl->arena, span_make(str_text(text), text->len)), text->len);
		struct span signed_by = span_make(
		    arena_dup(&ctl->arena, span_make(str_text(signature), signature->len)),
		    signature->len);

		rc = rules_offer_open(ctl, from, kept, signed_by, offer, err);
	}
	str_free(text);
	str_free(signature);
	return rc;
}

int
rules_offer_fetch(struct ctl *ctl, struct rules_offer *offer, struct err *err)
{
	const char *url = ctl->settings->rules_url, *ca = ctl->settings->rules_ca;
	const char *beside_it = arena_printf(&ctl->arena, "%s.minisig", url);
	struct str text = { 0 }, signature = { 0 };
	int rc;

	if (*url == '\0') {
		err_set(err, "rules_url in %s is empty: there is nobody to ask",
		    ctl->settings->file);
		return -1;
	}
	rc = fetch(url, ca, BUNDLE_MAX, &text, err);
	if (rc == 0)
		rc = fetch(beside_it, ca, SIGNATURE_MAX, &signature, err);
	if (open_read(ctl, url, &text, &signature, rc, offer, err) != 0)
		return -1;
	rc = rules_version_check(offer->bundle.version, clock_wall_s(), err);
	if (rc != 0)
		err_prefix(err, "%s", url);
	return rc;
}

int
rules_offer_file(struct ctl *ctl, const char *path, struct rules_offer *offer, struct err *err)
{
	const char *beside_it = arena_printf(&ctl->arena, "%s.minisig", path);
	struct str text = { 0 }, signature = { 0 };
	int rc = file_read(path, &text, err);

	if (rc == 0)
		rc = file_read(beside_it, &signature, err);
	return open_read(ctl, path, &text, &signature, rc, offer, err);
}

int
rules_offer_kept(struct ctl *ctl, const char *version, struct rules_offer *offer, struct err *err)
{
	const char *path =
	    rules_place_path(&ctl->arena, ctl->settings->state_dir, version, "bundle.json");

	return rules_offer_file(ctl, path, offer, err);
}
