#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "clock.h"
#include "file.h"
#include "minisign.h"
#include "rules_trial.h"
#include "rules_version.h"
#include "verbs.h"

/* `rules publish` and `key`: for those who make rules for others. */

/* -- publish ----------------------------------------------------------------------------------- */

/* Nobody but its owner may read a key that signs. */
static int
load_secret(const char *path, struct minisign_secret *key, struct err *err)
{
	struct str text = { 0 };
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && (st.st_mode & 0077) != 0) {
		err_set(err, "%s: others may read or write it: chmod 600", path);
		return -1;
	}
	if (file_read(path, &text, err) != 0)
		return -1;
	rc = minisign_secret_parse(span_make(str_text(&text), text.len), key, err);
	if (rc != 0)
		err_prefix(err, "%s", path);
	if (text.len > 0)
		explicit_bzero(text.data, text.len);
	str_free(&text);
	return rc;
}

/* Today's first version, or the one behind what stands at the output. */
static void
next_version(struct ctl *ctl, const char *output, const char *date,
    char version[RULES_VERSION_SIZE])
{
	struct str text = { 0 };
	struct bundle old;
	unsigned number = 1;

	if (file_read(output, &text, NULL) == 0 &&
	    bundle_parse(span_make(str_text(&text), text.len), &ctl->arena, &old, NULL) == 0 &&
	    span_starts(span_of(old.version), span_make(date, 8)))
		number = (unsigned)((old.version[8] - '0') * 10 + old.version[9] - '0') + 1;
	str_free(&text);
	snprintf(version, RULES_VERSION_SIZE, "%.8s%02u", date, number > 99 ? 99 : number);
}

static int
choose_version(struct ctl *ctl, const struct rules_trial *trial, const char *output,
    const char *made, char version[RULES_VERSION_SIZE], struct err *err)
{
	const char *asked = ctl->options[CTL_OPTION_AS];
	char date[9];

	snprintf(date, sizeof(date), "%.4s%.2s%.2s", made, made + 5, made + 8);
	if (asked != NULL && *trial->version != '\0' && strcmp(asked, trial->version) != 0) {
		err_set(err, "the files say that they are version %s", trial->version);
		return -1;
	}
	if (asked != NULL && strlen(asked) != RULES_VERSION_LEN) {
		err_set(err, RULES_VERSION_WORDS, asked);
		return -1;
	}
	if (asked != NULL || *trial->version != '\0')
		memcpy(version, asked != NULL ? asked : trial->version, RULES_VERSION_SIZE);
	else
		next_version(ctl, output, date, version);
	return rules_version_check(version, clock_wall_s(), err);
}

/* Both files as they are in DIR. -1: said why. */
static int
read_rules(struct ctl *ctl, struct bundle *bundle, struct rules_trial *trial, struct err *err)
{
	struct findings findings = { 0 };
	const char *paths[RULES_FILES];
	struct str text = { 0 };
	int rc = 0;

	for (size_t i = 0; i < RULES_FILES && rc == 0; i++) {
		paths[i] =
		    arena_printf(&ctl->arena, "%s/%s", ctl->operands[0], rules_file_names[i]);
		str_empty(&text);
		rc = file_read(paths[i], &text, err);
		bundle->files[i] = arena_dup(&ctl->arena, span_make(str_text(&text), text.len));
		if (rc == 0 && strlen(bundle->files[i]) != text.len) {
			err_set(err, "%s: a zero byte in it", paths[i]);
			rc = -1;
		}
	}
	str_free(&text);
	if (rc == 0 && rules_trial(paths, NULL, trial, &findings) != 0) {
		ctl_complain_mistakes(ctl, &findings.mistakes);
		err_set(err, "%u mistake%s: nothing is signed", findings.mistakes.count,
		    findings.mistakes.count == 1 ? "" : "s");
		rc = -1;
	}
	findings_free(&findings);
	return rc;
}

/* The signature last: who finds a new bundle with an old signature takes neither. */
static int
write_out(struct ctl *ctl, const char *output, const struct str *text,
    const struct minisign_secret *key, const char *comment, struct err *err)
{
	const char *beside = arena_printf(&ctl->arena, "%s.minisig", output);
	struct span whole = span_make(text->data, text->len);
	struct str signature = { 0 };
	int rc = minisign_sign(key, whole, comment, &signature, err);

	if (rc == 0)
		rc = file_write(output, whole, NULL, err);
	if (rc == 0)
		rc = file_write(beside, span_make(signature.data, signature.len), NULL, err);
	if (rc == 0 && (chmod(output, 0644) != 0 || chmod(beside, 0644) != 0)) {
		err_set(err, "%s: %s", output, strerror(errno));
		rc = -1;
	}
	str_free(&signature);
	return rc;
}

static int
publish(struct ctl *ctl, const char *output, struct minisign_secret *key, struct err *err)
{
	const char *words = ctl->options[CTL_OPTION_TEXT];
	char made[CLOCK_DATE_SIZE], version[RULES_VERSION_SIZE], digest[MINISIGN_SHA256_TEXT];
	struct bundle bundle = { .version = version, .comment = words != NULL ? words : "" };
	struct str text = { 0 };
	struct rules_trial trial;
	struct bundle again;
	int rc;

	bundle.made = clock_format(clock_wall_s(), made);
	rc = read_rules(ctl, &bundle, &trial, err);
	if (rc == 0)
		rc = choose_version(ctl, &trial, output, made, version, err);
	if (rc == 0)
		rc = bundle_format(&bundle, &text, err);
	if (rc == 0) /* what we would refuse is not signed */
		rc = bundle_parse(span_make(text.data, text.len), &ctl->arena, &again, err);
	if (rc == 0)
		rc = write_out(ctl, output, &text, key,
		    arena_printf(&ctl->arena, "mxpace rules %s", version), err);
	if (rc == 0) {
		minisign_sha256(span_make(text.data, text.len), digest);
		out_put(ctl_out(ctl), "bundle", "Bundle", out_string(output));
		out_put(ctl->out, "version", "Version",
		    out_string(arena_dup(&ctl->arena, span_of(version))));
		out_put(ctl->out, "mx_rules", "MX rules", out_number((int64_t)trial.mx_rules));
		out_put(ctl->out, "bounce_rules", "Bounce rules",
		    out_number((int64_t)trial.bounce_rules));
		out_put(ctl->out, "sha256", "SHA-256", out_exact(digest));
	}
	str_free(&text);
	return rc;
}

enum ctl_exit
rules_publish(struct ctl *ctl)
{
	const char *output = ctl->options[CTL_OPTION_OUTPUT], *file = ctl->options[CTL_OPTION_KEY];
	struct minisign_secret key;
	struct err err;
	int rc;

	if (file == NULL) {
		ctl_complain(ctl, "--key FILE is missing: `mxctl rules key FILE` makes one");
		return CTL_USAGE;
	}
	if (output == NULL)
		output = "rules.json";
	rc = load_secret(file, &key, &err);
	if (rc == 0)
		rc = publish(ctl, output, &key, &err);
	minisign_secret_wipe(&key);
	if (rc != 0)
		ctl_complain(ctl, "rules publish: %s", err.text);
	return rc == 0 ? CTL_DONE : CTL_NO;
}

/* -- key --------------------------------------------------------------------------------------- */

static int
write_new(const char *path, mode_t mode, const struct str *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool written;

	if (fd < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	written = write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
	if (!written)
		err_set(err, "%s: %s", path, strerror(errno));
	close(fd);
	if (!written)
		unlink(path);
	return written ? 0 : -1;
}

static int
make_key(struct ctl *ctl, const char *path, const char *public_path, struct str *line,
    struct err *err)
{
	struct minisign_secret secret;
	struct minisign_public public;
	struct str text = { 0 }, public_text = { 0 };
	int rc = minisign_make(&secret, err);

	(void)ctl;
	if (rc == 0) {
		minisign_secret_format(&secret, &text);
		minisign_public_of(&secret, &public);
		minisign_public_format(&public, &public_text);
		minisign_public_line(&public, line);
		rc = write_new(path, 0600, &text, err);
	}
	if (rc == 0 && (rc = write_new(public_path, 0644, &public_text, err)) != 0)
		unlink(path);
	minisign_secret_wipe(&secret);
	if (text.len > 0)
		explicit_bzero(text.data, text.len);
	str_free(&text);
	str_free(&public_text);
	return rc;
}

enum ctl_exit
rules_key(struct ctl *ctl)
{
	const char *path = ctl->operands[0];
	const char *public_path = arena_printf(&ctl->arena, "%s.pub", path);
	struct str line = { 0 };
	const char *text;
	struct err err;
	int rc = make_key(ctl, path, public_path, &line, &err);

	if (rc != 0) {
		ctl_complain(ctl, "%s", err.text);
		str_free(&line);
		return CTL_NO;
	}
	text = arena_dup(&ctl->arena, span_trim(span_of(str_text(&line))));
	str_free(&line);
	out_put(ctl_out(ctl), "key", "Signs", out_string(path));
	out_put(ctl->out, "public_file", "Verifies", out_string(public_path));
	out_put(ctl->out, "public_key", "rules_keys", out_exact(text));
	out_note(ctl->out,
	    "Keep %s where nobody else reads it; the other key goes into rules_keys of every host.",
	    path);
	return CTL_DONE;
}
