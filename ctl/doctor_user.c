#include "doctor_user.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { GROUPS_MAX = 256 };

static struct {
	gid_t groups[GROUPS_MAX];
	int count;
	gid_t gid;
} before;

static int
own_groups(const struct passwd *user, gid_t groups[GROUPS_MAX])
{
	int count = GROUPS_MAX;

	return getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0 ? GROUPS_MAX : count;
}

int
doctor_user_enter(const char *name, const char *group)
{
	const struct passwd *user = getpwnam(name);
	const struct group *only = group != NULL ? getgrnam(group) : NULL;
	gid_t groups[GROUPS_MAX], gid;
	int count = 1;
	uid_t uid;

	if (user == NULL || (group != NULL && only == NULL))
		return -1;
	uid = user->pw_uid;
	groups[0] = gid = only != NULL ? only->gr_gid : user->pw_gid;
	if (only == NULL)
		count = own_groups(user, groups);
	before.gid = getegid();
	before.count = getgroups(GROUPS_MAX, before.groups);
	/* Root without the right to change groups (a container) is left as it was. */
	if (before.count < 0 || setgroups((size_t)count, groups) != 0)
		return -1;
	if (setegid(gid) == 0 && seteuid(uid) == 0)
		return 0;
	doctor_user_leave();
	return -1;
}

void
doctor_user_leave(void)
{
	if (seteuid(getuid()) != 0 || setegid(before.gid) != 0 ||
	    setgroups((size_t)before.count, before.groups) != 0)
		abort(); /* to go on as somebody else would be worse */
}

bool
doctor_user_may(const char *user, const char *group, const char *path, int mode)
{
	bool may;

	if (doctor_user_enter(user, group) != 0)
		return false;
	may = faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
	doctor_user_leave();
	return may;
}
