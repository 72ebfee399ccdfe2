#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "return_path.h"
#include "verbs.h"
#include "verp_keys.h"

/* `verp sign`, `check`, `key`: signed return paths (return_path.h). */

static enum ctl_exit
load_keys(struct ctl *ctl, struct verp_keys *keys)
{
	struct err err;

	if (verp_keys_load(ctl->settings, keys, &err) != 0) {
		ctl_complain(ctl, "return_path_keys: %s", err.text);
		return CTL_NO;
	}
	if (keys->count > 0)
		return CTL_DONE;
	ctl_complain(ctl, "return_path_keys in %s names no key; `mxctl verp key` makes one",
	    ctl->file);
	return CTL_NO;
}

/* -- sign -------------------------------------------------------------------------------------- */

static int
sign(struct ctl *ctl, const struct verp_keys *keys, const char *recipient, char out[ADDR_SIZE],
    struct err *err)
{
	const char *delimiters = ctl->settings->verp_delimiters;
	struct span sender = span_of(ctl->operands[0]);
	struct return_path path;

	if (recipient != NULL)
		return return_path_sign(keys, delimiters, sender, span_of(recipient),
		    clock_wall_s(), out, err);
	if (return_path_parse(sender, delimiters, &path) == 0)
		return return_path_sign_sender(keys, delimiters, &path, clock_wall_s(), out, err);
	err_set(err, "not an address with a domain");
	return -1;
}

static enum ctl_exit
sign_one(struct ctl *ctl, const struct verp_keys *keys, const char *recipient)
{
	char signed_path[ADDR_SIZE];
	struct err err;

	if (sign(ctl, keys, recipient, signed_path, &err) != 0) {
		ctl_complain(ctl, "%s%s%s: %s", ctl->operands[0], recipient != NULL ? " to " : "",
		    recipient != NULL ? recipient : "", err.text);
		return CTL_NO;
	}
	out_note(ctl->out, "%s", signed_path);
	out_cell(ctl->out, recipient != NULL ? out_string(recipient) : out_none("-"));
	out_cell(ctl->out, out_string(signed_path));
	return CTL_DONE;
}

enum ctl_exit
verp_sign_path(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "recipient", NULL, OUT_LEFT },
		{ "return_path", NULL, OUT_LEFT },
	};
	enum ctl_exit rc = CTL_DONE;
	struct verp_keys keys;

	if (load_keys(ctl, &keys) != CTL_DONE)
		return CTL_NO;
	out_table(ctl_out(ctl), "signed", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	if (ctl->operand_count == 1)
		rc = sign_one(ctl, &keys, NULL);
	for (size_t i = 1; i < ctl->operand_count; i++)
		if (sign_one(ctl, &keys, ctl->operands[i]) != CTL_DONE)
			rc = CTL_NO;
	out_table_end(ctl->out, NULL);
	return rc;
}

/* -- check ------------------------------------------------------------------------------------- */

/* What the two signatures come to, as mxbounce takes it (trust.h). */
static const char *
words_of(const struct return_path_checked *checked)
{
	if (checked->recipient.proof == VERP_VALID)
		return "a notice about this recipient counts";
	if (checked->recipient.proof == VERP_UNSIGNED && checked->sender.proof == VERP_VALID)
		return "we sent something: a notice is soft evidence, no more";
	return "a notice from outside is ignored";
}

static void
put_signature(struct ctl *ctl, const char *key, const char *label,
    const struct verp_checked *checked)
{
	bool known = checked->proof == VERP_VALID || checked->proof == VERP_EXPIRED;

	out_open(ctl->out, key, NULL);
	out_put(ctl->out, "signature", label, out_string(verp_proof_name(checked->proof)));
	out_put(ctl->out, "day", known ? "  made on" : NULL,
	    known ? out_time(checked->day * 86400, 0) : out_none("-"));
	out_put(ctl->out, "key", known ? "  with the key" : NULL,
	    known ? out_string(ctl->settings->return_path_keys.items[checked->key])
		  : out_none("-"));
	out_close(ctl->out);
}

enum ctl_exit
verp_check_path(struct ctl *ctl)
{
	const char *recipient = ctl->operand_count > 1 ? ctl_address(ctl, ctl->operands[1]) : "";
	struct return_path_checked checked;
	struct return_path path;
	struct verp_keys keys;

	if (recipient == NULL)
		return CTL_USAGE;
	if (return_path_parse(span_of(ctl->operands[0]), ctl->settings->verp_delimiters, &path) !=
	    0) {
		ctl_complain(ctl, "\"%s\" is no address with a domain", ctl->operands[0]);
		return CTL_USAGE;
	}
	if (load_keys(ctl, &keys) != CTL_DONE)
		return CTL_NO;
	checked = return_path_check(&path, recipient, &keys, clock_wall_s(),
	    verp_keys_valid_days(ctl->settings));
	out_put(ctl_out(ctl), "sender", "Sender",
	    out_string(checked.sender.proof == VERP_WRONG ? path.whole : path.sender));
	out_put(ctl->out, "recipient", "Recipient",
	    out_string(*recipient != '\0' ? recipient : path.recipient));
	put_signature(ctl, "of_recipient", "Recipient's", &checked.recipient);
	put_signature(ctl, "of_sender", "Sender's", &checked.sender);
	out_put(ctl->out, NULL, "So", out_string(words_of(&checked)));
	return checked.recipient.proof == VERP_VALID || (checked.recipient.proof == VERP_UNSIGNED &&
							    checked.sender.proof == VERP_VALID)
		   ? CTL_DONE
		   : CTL_NO;
}

/* -- key --------------------------------------------------------------------------------------- */

static int
write_key(int fd, struct err *err)
{
	unsigned char key[VERP_KEY_BYTES];
	struct group *group = geteuid() == 0 ? getgrnam("mxpace") : NULL;
	struct str text = { 0 };
	int rc = -1;

	if (getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key)) {
		for (size_t i = 0; i < sizeof(key); i++)
			str_addf(&text, "%02x", key[i]);
		str_addc(&text, '\n');
		if ((group == NULL || fchown(fd, (uid_t)-1, group->gr_gid) == 0) &&
		    fchmod(fd, 0640) == 0 && write(fd, text.data, text.len) == (ssize_t)text.len &&
		    fsync(fd) == 0)
			rc = 0;
		explicit_bzero(text.data, text.len);
	}
	if (rc != 0)
		err_set(err, "%s", strerror(errno));
	explicit_bzero(key, sizeof(key));
	str_free(&text);
	return rc;
}

enum ctl_exit
verp_make_key(struct ctl *ctl)
{
	const char *path = ctl->operands[0];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct err err;
	int rc;

	if (fd < 0) {
		ctl_complain(ctl, "%s: %s", path, strerror(errno));
		return CTL_NO;
	}
	rc = write_key(fd, &err);
	close(fd);
	if (rc != 0) {
		unlink(path);
		ctl_complain(ctl, "%s: %s", path, err.text);
		return CTL_NO;
	}
	out_note(ctl_out(ctl),
	    "%s: a new key. Give it to all your hosts, name it second in "
	    "return_path_keys on each, then first.",
	    path);
	out_put(ctl->out, "key", NULL, out_string(path));
	return CTL_DONE;
}
