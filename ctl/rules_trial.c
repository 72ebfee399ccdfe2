#include "rules_trial.h"

#include <stdio.h>
#include <string.h>

#include "bounce_rules.h"
#include "bounce_rules_check.h"
#include "mx_rules_check.h"
#include "rules_version.h"

const char *
rules_trial_own(const struct settings *settings, enum rules_file file)
{
	return file == RULES_FILE_MX ? settings->mx_rules_local : settings->bounce_rules_local;
}

static void
try_mx(const char *path, const char *own, struct rules_trial *trial, struct findings *findings)
{
	struct mx_rules *rules = mx_rules_load(path, own, &findings->mistakes);

	if (rules == NULL)
		return;
	trial->mx_rules = rules->count;
	mx_rules_check(rules, findings);
	mx_rules_release(&rules);
}

static void
try_bounce(const char *path, const char *own, struct rules_trial *trial, struct findings *findings)
{
	struct bounce_rules *rules = bounce_rules_load(path, own, &findings->mistakes);

	if (rules == NULL)
		return;
	trial->bounce_rules = bounce_rules_count(rules);
	bounce_rules_check(rules, findings);
	bounce_rules_free(&rules);
}

int
rules_trial(const char *const paths[RULES_FILES], const struct settings *settings,
    struct rules_trial *trial, struct findings *findings)
{
	char versions[RULES_FILES][RULES_VERSION_SIZE];
	const char *own[RULES_FILES] = { NULL, NULL };
	unsigned before = findings->mistakes.count;

	*trial = (struct rules_trial){ 0 };
	for (size_t i = 0; i < RULES_FILES && settings != NULL; i++)
		own[i] = rules_trial_own(settings, (enum rules_file)i);
	try_mx(paths[RULES_FILE_MX], own[RULES_FILE_MX], trial, findings);
	try_bounce(paths[RULES_FILE_BOUNCE], own[RULES_FILE_BOUNCE], trial, findings);
	for (size_t i = 0; i < RULES_FILES; i++)
		rules_version_load(paths[i], versions[i]);
	if (*versions[0] != '\0' && *versions[1] != '\0' && strcmp(versions[0], versions[1]) != 0) {
		findings->mistakes.count++;
		str_addf(&findings->mistakes.lines, "%s: version: \"%s\", but %s says \"%s\"\n",
		    paths[1], versions[1], paths[0], versions[0]);
	}
	memcpy(trial->version, *versions[0] != '\0' ? versions[0] : versions[1],
	    RULES_VERSION_SIZE);
	return findings->mistakes.count == before ? 0 : -1;
}
