/* mxctl doctor: folders, disks, the manager of services. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clock.h"
#include "doctor_checks.h"
#include "doctor_user.h"
#include "rules_last.h"
#include "run.h"

enum { FREE_WRONG_PERCENT = 2, FREE_LOW_PERCENT = 10, FREE_LEAST_MB = 32 };
enum { UPDATE_OLD_S = 8 * 86400, SYSTEMCTL_MS = 3000 };

void
doctor_state_folder(struct doctor *doctor)
{
	const char *path = doctor->settings->state_dir;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor,
			"install -d -o " DOCTOR_USER " -g " DOCTOR_USER " -m 0750 %s", path),
		    "state_dir %s is not there", path);
	else if (!doctor_user_may(DOCTOR_USER, NULL, path, R_OK | W_OK | X_OK))
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "chown " DOCTOR_USER ":" DOCTOR_USER " %s; chmod 0750 %s",
			path, path),
		    "state_dir %s cannot be written by the user " DOCTOR_USER, path);
}

static void
look_at_disk(struct doctor *doctor, const char *what, const char *path)
{
	struct statvfs fs;
	uint64_t free_mb, percent;

	if (*path == '\0' || statvfs(path, &fs) != 0 || fs.f_blocks == 0)
		return;
	free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	percent = (uint64_t)fs.f_bavail * 100 / fs.f_blocks;
	if (percent < FREE_WRONG_PERCENT || free_mb < FREE_LEAST_MB)
		doctor_say(doctor, DOCTOR_WRONG, "make room",
		    "the disk of the %s %s is full: %" PRIu64 " MB free", what, path, free_mb);
	else if (fs.f_files > 0 && (uint64_t)fs.f_favail * 100 / fs.f_files < FREE_WRONG_PERCENT)
		doctor_say(doctor, DOCTOR_WRONG, "remove files, or make it anew with more inodes",
		    "the disk of the %s %s has no room for further files (inodes)", what, path);
	else if (percent < FREE_LOW_PERCENT)
		doctor_say(doctor, DOCTOR_WARNING, "make room",
		    "the disk of the %s %s has %" PRIu64 " MB free, %" PRIu64 " %%", what, path,
		    free_mb, percent);
}

void
doctor_disk(struct doctor *doctor)
{
	look_at_disk(doctor, "state_dir", doctor->settings->state_dir);
	look_at_disk(doctor, "queue directory", doctor_postfix(doctor, "queue_directory"));
}

static bool
is_enabled(const char *unit)
{
	const char *const argv[] = { "systemctl", "--quiet", "is-enabled", unit, NULL };

	return run_within(SYSTEMCTL_MS, argv, NULL, NULL) == 0;
}

void
doctor_systemd(struct doctor *doctor)
{
	static const char *const units[] = { "mxpolicyd.socket", "mxpolicyd.service" };

	if (access("/run/systemd/system", F_OK) != 0) {
		doctor_say(doctor, DOCTOR_SKIPPED, "", "systemd does not run here");
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!is_enabled(units[i]))
			doctor_say(doctor, DOCTOR_WARNING,
			    "systemctl enable --now mxpolicyd.socket mxpolicyd.service",
			    "%s is not enabled: it will not be there after the next start of this "
			    "host",
			    units[i]);
}

void
doctor_updates(struct doctor *doctor)
{
	struct rules_last last = { 0 };

	if (*doctor->settings->rules_url == '\0') {
		doctor_say(doctor, DOCTOR_SKIPPED, "", "no rules_url");
		return;
	}
	rules_last_load(doctor->settings->state_dir, &last);
	if (*last.failure != '\0')
		doctor_say(doctor, DOCTOR_WARNING, "mxctl rules update tries again",
		    "the last update of the rules failed: %s", last.failure);
	else if (last.succeeded_s > 0 && last.succeeded_s < clock_wall_s() - UPDATE_OLD_S)
		doctor_say(doctor, DOCTOR_WARNING,
		    "systemctl enable --now mxpace-rules-update.timer",
		    "the rules have not been updated for more than a week");
}
