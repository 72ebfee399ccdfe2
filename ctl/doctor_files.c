/* mxctl doctor: the configuration, the rules and the keys. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounce_rules.h"
#include "doctor_checks.h"
#include "doctor_user.h"
#include "mx_rules_check.h"
#include "rules_cache.h"
#include "verp_keys.h"

void
doctor_configuration(struct doctor *doctor)
{
	if (doctor->settings == NULL)
		doctor_say(doctor, DOCTOR_WRONG, "mend it; mxctl rules check tells all mistakes",
		    "%s", doctor->mistake != NULL ? doctor->mistake : "it cannot be read");
}

/* The first line of what a check found. */
static void
say_first(struct doctor *doctor, enum doctor_state state, const struct conf_errors *found)
{
	struct span rest = span_of(str_text(&found->lines)), line;

	if (found->count > 0 && span_line(&rest, &line))
		doctor_say(doctor, state, "mend it; mxctl rules check tells all of it", "%.*s",
		    (int)line.len, line.ptr);
}

/* Whether mxbounce finds its rules ready made: then they were read without a mistake. */
static bool
has_cache(const struct doctor *doctor)
{
	bool as_mxpace = (doctor->has & DOCTOR_NEEDS_MXPACE) == DOCTOR_NEEDS_MXPACE &&
			 doctor_user_enter(DOCTOR_USER, NULL) == 0;
	struct rules_cache cache;
	int rc = rules_cache_load(doctor->settings->file, &cache);

	if (as_mxpace)
		doctor_user_leave();
	if (rc == 0)
		rules_cache_clear(&cache);
	return rc == 0;
}

/* Samples of bounce rules are not tried: that takes a second. */
void
doctor_rules(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	struct findings findings = { 0 };
	struct bounce_rules *rules = NULL;

	mx_rules_check_files(settings->mx_rules, settings->mx_rules_local, &findings);
	if (!has_cache(doctor))
		rules = bounce_rules_load(settings->bounce_rules, settings->bounce_rules_local,
		    &findings.mistakes);
	bounce_rules_free(&rules);
	say_first(doctor, DOCTOR_WRONG, &findings.mistakes);
	say_first(doctor, DOCTOR_WARNING, &findings.warnings);
	findings_free(&findings);
}

void
doctor_readable(struct doctor *doctor)
{
	const struct settings *settings = doctor->settings;
	const char *const files[] = { settings->file, settings->mx_rules, settings->bounce_rules,
		settings->mx_rules_local, settings->bounce_rules_local };
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (*files[i] != '\0' && access(files[i], F_OK) == 0 &&
		    !doctor_user_may(DOCTOR_USER, NULL, files[i], R_OK))
			doctor_say(doctor, DOCTOR_WRONG,
			    doctor_text(doctor, "chown root:" DOCTOR_USER " %s; chmod 0640 %s",
				files[i], files[i]),
			    "%s cannot be read by the user " DOCTOR_USER, files[i]);
	if (*settings->redis.password != '\0' && stat(settings->file, &st) == 0 &&
	    (st.st_mode & 04) != 0)
		doctor_say(doctor, DOCTOR_WARNING,
		    doctor_text(doctor, "chown root:" DOCTOR_USER " %s; chmod 0640 %s",
			settings->file, settings->file),
		    "%s has the password of Redis and everybody may read it", settings->file);
}

void
doctor_cache(struct doctor *doctor)
{
	if (!doctor_user_may(DOCTOR_USER, NULL, doctor->settings->file, R_OK))
		doctor_say(doctor, DOCTOR_SKIPPED, "", "see files");
	else if (!has_cache(doctor))
		doctor_say(doctor, DOCTOR_WARNING,
		    "mxctl rules check makes them, or says what keeps it",
		    "mxbounce finds no rules ready made that fit %s, and has to read the text "
		    "files",
		    doctor->settings->file);
}

/* -- keys -------------------------------------------------------------------------------------- */

static const char *
path_of(struct doctor *doctor, const char *file)
{
	const char *slash = strrchr(doctor->settings->file, '/');

	if (*file == '/' || slash == NULL)
		return file;
	return doctor_text(doctor, "%.*s/%s", (int)(slash - doctor->settings->file),
	    doctor->settings->file, file);
}

void
doctor_keys(struct doctor *doctor)
{
	const struct conf_strings *files = &doctor->settings->return_path_keys;
	struct verp_keys keys;
	struct err err;

	for (size_t i = 0; i < files->count; i++) {
		const char *path = path_of(doctor, files->items[i]);
		const char *todo =
		    doctor_text(doctor, "chown root:" DOCTOR_USER " %s; chmod 0640 %s", path, path);
		struct stat st;

		if (stat(path, &st) != 0)
			doctor_say(doctor, DOCTOR_WRONG,
			    "copy it from a host that has it; the first one: mxctl verp key FILE",
			    "%s of return_path_keys is not there", path);
		else if ((st.st_mode & 07) != 0)
			doctor_say(doctor, DOCTOR_WRONG, todo,
			    "%s may be used by everybody: who has it can forge notices", path);
		else if (!doctor_user_may(DOCTOR_USER, NULL, path, R_OK))
			doctor_say(doctor, DOCTOR_WRONG, todo,
			    "%s cannot be read by the user " DOCTOR_USER, path);
	}
	if (files->count == 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "no return_path_keys");
	else if (doctor->state == DOCTOR_FINE && verp_keys_load(doctor->settings, &keys, &err) != 0)
		doctor_say(doctor, DOCTOR_WRONG, "mxctl verp key FILE makes one", "%s", err.text);
	memset(&keys, 0, sizeof(keys));
}
