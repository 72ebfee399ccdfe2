/* mxctl doctor: the sockets that Postfix asks at, and whether mxpolicyd answers there. */
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor_checks.h"
#include "doctor_user.h"
#include "talk.h"

enum { FOLDER_MODE = 02750, KEYS = 2 };

static const char *
user_name(const struct doctor *doctor, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user != NULL ? doctor_text(doctor, "%s", user->pw_name)
			    : doctor_text(doctor, "%u", (unsigned)uid);
}

static const char *
group_name(const struct doctor *doctor, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group != NULL ? doctor_text(doctor, "%s", group->gr_name)
			     : doctor_text(doctor, "%u", (unsigned)gid);
}

/* The primary group of Postfix' user, the only one that its programs have. */
static const char *
postfix_group(const struct doctor *doctor)
{
	const struct passwd *owner = getpwnam(doctor_postfix(doctor, "mail_owner"));

	return owner != NULL ? group_name(doctor, owner->pw_gid) : "postfix";
}

/* Calls look for each unix socket of policy_listen, and of map_listen where it is asked. */
static void
for_each_path(struct doctor *doctor, void (*look)(struct doctor *doctor, const char *path))
{
	const char *const keys[KEYS] = { doctor->settings->policy_listen,
		doctor->settings->enforce != ENFORCE_ADMISSION ? doctor->settings->map_listen
							       : "" };

	for (size_t k = 0; k < KEYS; k++) {
		struct listen_address addresses[LISTEN_MAX];
		int count = listen_parse(keys[k], addresses, NULL);

		for (int i = 0; i < count; i++)
			if (addresses[i].is_unix)
				look(doctor,
				    ((const struct sockaddr_un *)&addresses[i].addr)->sun_path);
	}
}

static void
look_at_folder(struct doctor *doctor, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);
	const char *folder = arena_dup(&doctor->ctl->arena, span_make(path, len));
	const char *group = postfix_group(doctor);
	const char *todo =
	    doctor_text(doctor, "install -d -o " DOCTOR_USER " -g %s -m 2750 %s", group, folder);
	const char *queue = doctor_postfix(doctor, "queue_directory");
	struct stat st;

	if (stat(folder, &st) != 0) {
		doctor_say(doctor, DOCTOR_WRONG, todo,
		    "the folder of the sockets, %s, is not there", folder);
		return;
	}
	if (span_starts(span_of(folder), span_of(queue)) &&
	    ((st.st_mode & 07777) != FOLDER_MODE ||
		strcmp(user_name(doctor, st.st_uid), DOCTOR_USER) != 0 ||
		strcmp(group_name(doctor, st.st_gid), group) != 0))
		doctor_say(doctor, DOCTOR_WRONG, todo,
		    "the folder of the sockets, %s, is %s:%s %04o, and has to be " DOCTOR_USER
		    ":%s 2750",
		    folder, user_name(doctor, st.st_uid), group_name(doctor, st.st_gid),
		    (unsigned)(st.st_mode & 07777), group);
	else if (!doctor_user_may(doctor_postfix(doctor, "mail_owner"), group, folder, X_OK))
		doctor_say(doctor, DOCTOR_WRONG, "give the folders above it mode 0755",
		    "the user %s of Postfix cannot enter the folder of the sockets, %s",
		    doctor_postfix(doctor, "mail_owner"), folder);
}

void
doctor_socket_folder(struct doctor *doctor)
{
	for_each_path(doctor, look_at_folder);
}

/* The bits of the socket itself: its folder is a check of its own. */
static void
look_at_socket(struct doctor *doctor, const char *path)
{
	const char *group = postfix_group(doctor);
	struct stat st;

	if (stat(path, &st) != 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "%s is not there", path);
	else if (!S_ISSOCK(st.st_mode))
		doctor_say(doctor, DOCTOR_WRONG, "systemctl restart mxpolicyd", "%s is no socket",
		    path);
	else if (strcmp(group_name(doctor, st.st_gid), group) != 0 || (st.st_mode & 060) != 060)
		doctor_say(doctor, DOCTOR_WRONG,
		    "systemctl restart mxpolicyd.socket mxpolicyd; see socket_mode and "
		    "socket_group in mxpace.conf(5)",
		    "%s is %s:%s %04o: Postfix, of group %s, may not use it", path,
		    user_name(doctor, st.st_uid), group_name(doctor, st.st_gid),
		    (unsigned)(st.st_mode & 07777), group);
	else if ((st.st_mode & 07) != 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor, "chmod o= %s; set socket_mode = \"0660\"", path),
		    "%s is %04o: everybody on this host may use it", path,
		    (unsigned)(st.st_mode & 07777));
}

void
doctor_socket_modes(struct doctor *doctor)
{
	for_each_path(doctor, look_at_socket);
}

/* -- asking ------------------------------------------------------------------------------------ */

static void
ask(struct doctor *doctor, const char *listen, struct span question, const char *begin,
    const char *end)
{
	const char *todo = "systemctl restart mxpolicyd; journalctl -u mxpolicyd tells why";
	struct listen_address addresses[LISTEN_MAX];
	struct err err = { "" };
	int count = listen_parse(listen, addresses, &err);

	if (count <= 0)
		doctor_say(doctor, DOCTOR_WRONG, "mend it in mxpace.conf", "%s: %s", listen,
		    err.text);
	for (int i = 0; i < count; i++) {
		struct str answer = { 0 };
		int rc = talk(&addresses[i], question, end, &answer, &err);

		if (rc != 0)
			doctor_say(doctor, DOCTOR_AWAY, todo, "mxpolicyd does not answer at %s: %s",
			    addresses[i].text, err.text);
		else if (!span_starts(span_of(str_text(&answer)), span_of(begin)))
			doctor_say(doctor, DOCTOR_WRONG, "find out who listens there: ss -lxtp",
			    "what answers at %s is not mxpolicyd", addresses[i].text);
		str_free(&answer);
	}
}

void
doctor_policy(struct doctor *doctor)
{
	static const char question[] = "request=smtpd_access_policy\nprotocol_state=CONNECT\n\n";

	ask(doctor, doctor->settings->policy_listen, SPAN(question), "action=", "\n\n");
	doctor->policy_answers = doctor->state == DOCTOR_FINE;
}

void
doctor_map(struct doctor *doctor)
{
	if (doctor->settings->enforce == ENFORCE_ADMISSION &&
	    doctor->settings->return_path_keys.count == 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "no map is used");
	else
		ask(doctor, doctor->settings->map_listen, SPAN("11:transport *,"), "9:NOTFOUND ,",
		    ",");
}

void
doctor_metrics(struct doctor *doctor)
{
	const char *listen = doctor->settings->metrics_listen;

	if (*listen == '\0')
		doctor_say(doctor, DOCTOR_SKIPPED, "", "metrics_listen is empty");
	else
		ask(doctor, doctor_text(doctor, "inet:%s", listen),
		    SPAN("GET /metrics HTTP/1.0\r\n\r\n"), "HTTP/1.", "mxpace_build_info");
}
