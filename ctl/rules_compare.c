#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "rules_change.h"
#include "rules_install.h"
#include "verbs.h"

/* `rules diff`: what other rules would change, or those in force have changed. */

/* Files of an offer where a reader of files finds them, for this run. */
static int
put_aside(struct ctl *ctl, const struct bundle *bundle, char folder[],
    struct rules_diff_files *files, struct err *err)
{
	files->name = bundle->version;
	for (size_t i = 0; i < RULES_FILES; i++) {
		files->paths[i] = arena_printf(&ctl->arena, "%s/%s", folder, rules_file_names[i]);
		if (file_put(files->paths[i], span_of(bundle->files[i]), err) != 0)
			return -1;
	}
	return 0;
}

static int
diff_offer(struct ctl *ctl, const struct rules_offer *offer,
    const struct rules_diff_files *in_force, struct err *err)
{
	char folder[] = "/tmp/mxctl-rules.XXXXXX";
	struct rules_diff_files files = { 0 };
	size_t count;
	int rc = -1;

	if (mkdtemp(folder) == NULL) {
		err_set(err, "%s: %s", folder, strerror(errno));
		return -1;
	}
	if (put_aside(ctl, &offer->bundle, folder, &files, err) == 0)
		rc = rules_diff_show(ctl, in_force, &files, &count);
	for (size_t i = 0; i < RULES_FILES; i++)
		if (files.paths[i] != NULL)
			unlink(files.paths[i]);
	rmdir(folder);
	return rc;
}

/* A kept version; of the one in force: what it has changed. */
static int
diff_kept(struct ctl *ctl, const char *version, const char *current,
    const struct rules_diff_files *in_force, struct err *err)
{
	struct rules_diff_files files;
	struct rules_versions versions;
	bool own = strcmp(version, current) == 0, kept;
	const char *other;
	size_t count;

	rules_install_list(ctl->settings->state_dir, &versions);
	kept = rules_install_has(&versions, version);
	other = own ? rules_install_before(&versions, version) : version;
	rules_change_files(ctl, other != NULL ? arena_dup(&ctl->arena, span_of(other)) : NULL,
	    &files);
	free(versions.items);
	if (!kept) {
		err_set(err, "version %s is not kept; `mxctl rules list` shows which are", version);
		return -1;
	}
	if (own)
		return rules_diff_show(ctl, &files, in_force, &count);
	return rules_diff_show(ctl, in_force, &files, &count);
}

enum ctl_exit
rules_diff(struct ctl *ctl)
{
	const char *operand = ctl->operand_count > 0 ? ctl->operands[0] : NULL;
	char current[RULES_VERSION_SIZE];
	struct rules_diff_files in_force;
	struct rules_offer offer;
	struct err err = { "" };
	int rc;

	rules_place_current(ctl->settings->state_dir, current);
	rules_change_files(ctl, *current != '\0' ? current : NULL, &in_force);
	if (operand != NULL && rules_version_is(span_of(operand))) {
		rc = diff_kept(ctl, operand, current, &in_force, &err);
	} else {
		rc = operand != NULL ? rules_offer_file(ctl, operand, &offer, &err)
				     : rules_offer_fetch(ctl, &offer, &err);
		if (rc == 0)
			rc = diff_offer(ctl, &offer, &in_force, &err);
	}
	if (rc != 0 && *err.text != '\0')
		ctl_complain(ctl, "rules diff: %s", err.text);
	return rc == 0 ? CTL_DONE : CTL_NO;
}
