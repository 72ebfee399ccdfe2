/* mxctl doctor: the mxpolicyd of this host, as Redis and the kernel know it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"
#include "file.h"

enum { FILES_BESIDE_CLIENTS = 64 };

/* Whether the mxpolicyd that runs has read what lies there now. */
void
doctor_running(struct doctor *doctor)
{
	const struct node *node = doctor->node;
	const char *enforce = enforce_names[doctor->settings->enforce];

	if (node == NULL && doctor->policy_answers)
		doctor_say(doctor, DOCTOR_WRONG,
		    "systemctl restart mxpolicyd; journalctl -u mxpolicyd tells what it reaches",
		    "mxpolicyd answers, but Redis knows no node \"%s\": another Redis, or another "
		    "name",
		    doctor->settings->node);
	else if (node == NULL)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "mxpolicyd does not answer");
	else if (strcmp(node->version, MXPACE_VERSION) != 0)
		doctor_say(doctor, DOCTOR_WARNING, "systemctl restart mxpolicyd",
		    "mxpolicyd runs in version %s, mxctl is %s", node->version, MXPACE_VERSION);
	else if (strcmp(node->enforce, enforce) != 0)
		doctor_say(doctor, DOCTOR_WRONG, "mxpolicyd -t; systemctl restart mxpolicyd",
		    "mxpolicyd runs with enforce = \"%s\", %s says \"%s\"", node->enforce,
		    doctor->settings->file, enforce);
	else if (strcmp(node->rules_file, doctor->settings->mx_rules) != 0)
		doctor_say(doctor, DOCTOR_WARNING, "systemctl reload mxpolicyd",
		    "mxpolicyd runs with the rules of %s, not of %s", node->rules_file,
		    doctor->settings->mx_rules);
}

void
doctor_twins(struct doctor *doctor)
{
	if (doctor->node->twin)
		doctor_say(doctor, DOCTOR_WRONG,
		    "end one of them, or give one another `node` in its mxpace.conf",
		    "two mxpolicyd use the node name \"%s\": each overwrites what the other has "
		    "open",
		    doctor->node->name);
}

/* "Max open files  1024  524288  files": the second figure, which mxpolicyd takes. -1: not to be
 * had. */
static int64_t
files_limit(const struct doctor *doctor)
{
	const char *path = doctor_text(doctor, "/proc/%d/limits", atoi(doctor->node->run));
	const char *name = doctor_text(doctor, "/proc/%d/comm", atoi(doctor->node->run));
	struct str text = { 0 }, comm = { 0 };
	struct span rest, line;
	long long soft = -1, hard = -1;

	if (file_read(name, &comm, NULL) == 0 &&
	    span_eq(span_trim(span_of(str_text(&comm))), SPAN("mxpolicyd")) &&
	    file_read(path, &text, NULL) == 0) {
		rest = span_of(str_text(&text));
		while (span_line(&rest, &line))
			if (span_starts(line, SPAN("Max open files")) &&
			    sscanf(line.ptr, "Max open files %lld %lld", &soft, &hard) == 1)
				hard = INT64_MAX; /* unlimited */
	}
	str_free(&text);
	str_free(&comm);
	return hard;
}

void
doctor_open_files(struct doctor *doctor)
{
	int64_t limit = files_limit(doctor);
	int64_t wanted = doctor->settings->max_clients + FILES_BESIDE_CLIENTS;

	if (limit < 0)
		doctor_say(doctor, DOCTOR_SKIPPED, "", "the process of mxpolicyd is not seen here");
	else if (limit < wanted)
		doctor_say(doctor, DOCTOR_WRONG,
		    doctor_text(doctor,
			"systemctl edit mxpolicyd: LimitNOFILE=%" PRId64
			"; or a smaller max_clients",
			wanted),
		    "mxpolicyd may have only %" PRId64 " files open, max_clients = %" PRId64
		    " needs %" PRId64,
		    limit, doctor->settings->max_clients, wanted);
}

void
doctor_kernel_view(struct doctor *doctor)
{
	if (strcmp(doctor->node->kernel_view, "none") == 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    "run mxpolicyd where Postfix runs: in the same container or network namespace",
		    "mxpolicyd does not see the connections of Postfix (kernel view: none): limits "
		    "hold less exactly");
}
