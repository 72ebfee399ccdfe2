#include "return_path.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

/* What stands before a sender's signature: never what begins the recipient. */
static char
sender_mark(const char *delimiters)
{
	return delimiters[0] == '-' ? '+' : '-';
}

/* -- taking apart ------------------------------------------------------------------------------ */

/* Takes a signature and the mark before it off the end of *text. */
static bool
take_signature(struct span *text, char mark, char out[VERP_SIGNATURE_SIZE])
{
	size_t len = text->len;
	struct span signature;

	if (len < VERP_SIGNATURE_LEN + 1)
		return false;
	signature = span_from(*text, len - VERP_SIGNATURE_LEN);
	len -= VERP_SIGNATURE_LEN + 1;
	/* "xn--vermgensberater" ends a domain, where the mark is "-". */
	if (text->ptr[len] != mark || (len > 0 && text->ptr[len - 1] == mark) ||
	    !verp_is_signature(signature))
		return false;
	memcpy(out, signature.ptr, signature.len);
	out[signature.len] = '\0';
	text->len = len;
	return true;
}

static void
join(struct span local, const char *domain, char out[ADDR_SIZE])
{
	snprintf(out, ADDR_SIZE, "%.*s@%s", (int)local.len, local.ptr, domain);
}

/* "ann=example.org", with a signature behind it or without. */
static bool
parse_recipient(struct span text, const char *delimiters, struct return_path *path)
{
	struct str address = { 0 };
	struct span user, domain;
	size_t at = text.len;
	int rc;

	while (at > 0 && text.ptr[at - 1] != delimiters[1])
		at--;
	if (at < 2)
		return false;
	user = span_make(text.ptr, at - 1);
	domain = span_from(text, at);
	take_signature(&domain, delimiters[0], path->recipient_signature);
	str_addf(&address, "%.*s@%.*s", (int)user.len, user.ptr, (int)domain.len, domain.ptr);
	rc = domain.len > 0
		 ? addr_normalise(span_make(address.data, address.len), path->recipient, NULL)
		 : -1;
	str_free(&address);
	if (rc == 0 && strchr(addr_domain(path->recipient), '.') != NULL)
		return true;
	path->recipient[0] = path->recipient_signature[0] = '\0';
	return false;
}

/* The local part without its extension. */
static struct span
parse_extension(struct span local, const char *delimiters, struct return_path *path)
{
	struct span extension;
	size_t i = 0;

	while (i < local.len && local.ptr[i] != delimiters[0])
		i++;
	if (i == 0 || i == local.len)
		return local;
	extension = span_from(local, i);
	memcpy(path->extension, extension.ptr, extension.len);
	path->extension[extension.len] = '\0';
	if (!parse_recipient(span_from(extension, 1), delimiters, path))
		take_signature(&extension, delimiters[0], path->recipient_signature);
	if (*path->recipient == '\0' && extension.len > 0)
		path->recipient_signature[0] = '\0';
	return span_make(local.ptr, i);
}

int
return_path_parse(struct span address, const char *delimiters, struct return_path *path)
{
	char normal[ADDR_SIZE];
	struct span local;
	const char *domain;

	*path = (struct return_path){ .sender = "" };
	if (strlen(delimiters) != 2 || addr_normalise(address, normal, NULL) != 0 ||
	    *(domain = addr_domain(normal)) == '\0')
		return -1;
	local = span_make(normal, (size_t)(domain - normal) - 1);
	if (local.ptr[0] != '"')
		local = parse_extension(local, delimiters, path);
	join(local, domain, path->whole);
	if (local.ptr[0] != '"' && local.len > VERP_SIGNATURE_LEN + 1)
		take_signature(&local, sender_mark(delimiters), path->sender_signature);
	join(local, domain, path->sender);
	return 0;
}

/* -- checking ---------------------------------------------------------------------------------- */

struct return_path_checked
return_path_check(const struct return_path *path, const char *recipient,
    const struct verp_keys *keys, int64_t now_s, int64_t valid_days)
{
	const char *of = *recipient != '\0' ? recipient : path->recipient;

	return (struct return_path_checked){
		.recipient = verp_check(keys, VERP_OF_RECIPIENT, of, path->recipient_signature,
		    now_s, valid_days),
		.sender = verp_check(keys, VERP_OF_SENDER, path->sender, path->sender_signature,
		    now_s, valid_days),
	};
}

/* -- putting together -------------------------------------------------------------------------- */

static int
fits(const struct str *text, char out[ADDR_SIZE], struct err *err)
{
	if (addr_normalise(span_make(text->data, text->len), out, NULL) != 0) {
		err_set(err, "the signed address would be too long");
		return -1;
	}
	return 0;
}

/* A sender that signing leaves readable. */
static int
plain_sender(struct span text, const char *delimiters, char out[ADDR_SIZE], struct err *err)
{
	const char *domain, *mark;

	if (addr_normalise(text, out, err) != 0)
		return -1;
	domain = addr_domain(out);
	mark = strchr(out, delimiters[0]);
	if (*domain == '\0' || *out == '"')
		err_set(err, "a return path has a domain and no quotes");
	else if (mark != NULL && mark < domain)
		err_set(err, "\"%c\" begins the recipient in a return path", delimiters[0]);
	else
		return 0;
	return -1;
}

/* One that can stand in a local part. */
static int
plain_recipient(struct span text, const char *delimiters, char out[ADDR_SIZE], struct err *err)
{
	if (addr_normalise(text, out, err) != 0)
		return -1;
	if (strchr(addr_domain(out), '.') == NULL)
		err_set(err, "a recipient has a domain with a dot");
	else if (out[strlen(out) - 1] == delimiters[0]) /* two marks are no mark */
		err_set(err, "a recipient must not end in \"%c\"", delimiters[0]);
	else
		return 0;
	return -1;
}

int
return_path_sign(const struct verp_keys *keys, const char *delimiters, struct span sender,
    struct span recipient, int64_t now_s, char out[ADDR_SIZE], struct err *err)
{
	char from[ADDR_SIZE], to[ADDR_SIZE], signature[VERP_SIGNATURE_SIZE];
	int local, user;
	struct str text = { 0 };
	int rc;

	out[0] = '\0';
	if (plain_sender(sender, delimiters, from, err) != 0 ||
	    plain_recipient(recipient, delimiters, to, err) != 0 ||
	    verp_sign(keys, VERP_OF_RECIPIENT, to, now_s, signature, err) != 0)
		return -1;
	local = (int)(addr_domain(from) - from) - 1;
	user = (int)(addr_domain(to) - to) - 1;
	if (*to == '"' ||
	    (size_t)local + strlen(to) + VERP_SIGNATURE_LEN + 2 > RETURN_PATH_LOCAL_MAX)
		str_addf(&text, "%.*s%c%s@%s", local, from, delimiters[0], signature,
		    addr_domain(from));
	else
		str_addf(&text, "%.*s%c%.*s%c%s%c%s@%s", local, from, delimiters[0], user, to,
		    delimiters[1], addr_domain(to), delimiters[0], signature, addr_domain(from));
	rc = fits(&text, out, err);
	str_free(&text);
	return rc;
}

int
return_path_sign_sender(const struct verp_keys *keys, const char *delimiters,
    const struct return_path *path, int64_t now_s, char out[ADDR_SIZE], struct err *err)
{
	const char *domain = addr_domain(path->whole);
	char signature[VERP_SIGNATURE_SIZE], mark = sender_mark(delimiters);
	struct str text = { 0 };
	int rc;

	out[0] = '\0';
	if (*domain == '\0' || path->whole[0] == '"') {
		err_set(err, "a return path has a domain and no quotes");
		return -1;
	}
	if (domain[-2] == mark) { /* two marks are no mark: take_signature() */
		err_set(err, "a return path that ends in \"%c\" cannot be signed", mark);
		return -1;
	}
	if (verp_sign(keys, VERP_OF_SENDER, path->whole, now_s, signature, err) != 0)
		return -1;
	str_addf(&text, "%.*s%c%s%s@%s", (int)(domain - path->whole) - 1, path->whole, mark,
	    signature, path->extension, domain);
	rc = fits(&text, out, err);
	str_free(&text);
	return rc;
}
