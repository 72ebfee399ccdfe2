#include "alert_texts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alert_template.h"
#include "alert.h"

enum { FILE_MAX = 64 * 1024 };

#define FIGURES                                                 \
	"  recipients mailed in 24 h   {sent}\n"                \
	"  hard bounces                {hard}  ({rate_hard})\n" \
	"  complaints                  {complaint}  ({rate_complaint})\n"
#define SIGNATURE \
	"\n-- \nmxpace on {node}, {time}\nThis mail was made by a program; nobody reads answers to it.\n"

static const struct {
	const char *all, *owner;
} shipped[MAIL_EVENTS] = {
	[MAIL_SUSPENDED] = { "Account {account} is suspended\n\n"
			     "mxpace takes no more mail from the account {account}, and returns what waits.\n"
			     "\n"
			     "Why: {why}\n"
			     "By:  {by}\n\n" FIGURES "\n"
			     "What to do: see what came back, and ask the sender where the list is from.\n"
			     "\n"
			     "  mxctl account show {account|shell}\n"
			     "  mxctl report --account {account|shell} --since 2d\n"
			     "\n"
			     "When the cause is gone, let it send again, slowly at first:\n"
			     "\n"
			     "  mxctl account resume {account|shell}\n" SIGNATURE,
	    "Your mail is stopped: account {account}\n\n"
	    "No more mail is taken from your account {account}, and what waits is returned.\n"
	    "\n"
	    "Why: {why}\n\n" FIGURES "\n"
	    "Please stop mailing to addresses that do not exist or complained, and remove them\n"
	    "from your list. Then ask your postmaster to resume the account.\n" SIGNATURE },
	[MAIL_REVIEW] = { "Account {account} is near suspension\n\n"
			  "Too much of the mail of the account {account} comes back. It is still taken; if the\n"
			  "share grows, the account will be suspended.\n"
			  "\n"
			  "Why: {why}\n\n" FIGURES "\n"
			  "What to do: see which list or campaign it is.\n"
			  "\n"
			  "  mxctl account show {account|shell}\n"
			  "  mxctl report --account {account|shell} --since 2d\n"
			  "\n"
			  "To stop it now, or never:\n"
			  "\n"
			  "  mxctl account suspend {account|shell}\n"
			  "  mxctl account exempt {account|shell}\n" SIGNATURE,
	    "Too much of your mail comes back: account {account}\n\n"
	    "Your mail is still taken. If the share grows, your account will be suspended.\n"
	    "\n"
	    "Why: {why}\n\n" FIGURES "\n"
	    "Please remove addresses that do not exist or complained from your list.\n" SIGNATURE },
	[MAIL_RESUMED] = { "Account {account} may send again\n\n"
			   "The suspension of the account {account} has ended.\n"
			   "\n"
			   "State: {state}\n"
			   "By:    {by}\n"
			   "Why:   {why}\n"
			   "Recipients a day, at first: {allowance}\n"
			   "\n"
			   "  mxctl account show {account|shell}\n" SIGNATURE,
	    "Your mail is taken again: account {account}\n\n"
	    "The suspension of your account {account} has ended.\n"
	    "Recipients a day, at first: {allowance}\n" SIGNATURE },
	[MAIL_GUARD] = { "{group} answers {reason} far more often than usual\n\n"
			 "This looks like an outage of {group}, so addresses that fail there with {reason}\n"
			 "are not put into quarantine now. Mail to them goes on.\n"
			 "\n"
			 "Figures: {rate}\n"
			 "Answer:  {text}\n"
			 "\n"
			 "What to do: look whether the provider reports an outage.\n"
			 "\n"
			 "  mxctl quarantine guard show {group|shell} {reason|shell}\n"
			 "\n"
			 "An outage: all of them stay as good as they were.\n"
			 "\n"
			 "  mxctl quarantine guard dismiss {group|shell} {reason|shell} --undo\n"
			 "\n"
			 "No outage, the addresses are dead: all of them go into quarantine.\n"
			 "\n"
			 "  mxctl quarantine guard confirm {group|shell} {reason|shell}\n" SIGNATURE,
	    NULL },
	[MAIL_GUARD_QUIET] = { "{group} answers as usual again ({reason})\n\n"
			       "Failures are quarantined as before. Those held until now wait for a decision.\n"
			       "\n"
			       "Figures: {rate}\n"
			       "\n"
			       "  mxctl quarantine guard show {group|shell} {reason|shell}\n"
			       "  mxctl quarantine guard dismiss {group|shell} {reason|shell} --undo\n"
			       "  mxctl quarantine guard confirm {group|shell} {reason|shell}\n" SIGNATURE,
	    NULL },
	[MAIL_GUARD_DECIDED] = { "Outage guard of {group} {what} ({reason})\n\n"
				 "By: {by}\n\n"
				 "  mxctl quarantine list --reason {reason|shell} --group {group|shell}\n" SIGNATURE,
	    NULL },
	[MAIL_BACKOFF] = { "{group} is slowed down ({action})\n\n"
			   "Mail to {group} goes slower, as its replies ask for or an operator ordered.\n"
			   "\n"
			   "Sending IP:  {ip}\n"
			   "An hour:     {per_hour} messages\n"
			   "Connections: {connections}\n"
			   "For:         {for} s, then it recovers by itself\n"
			   "Reply:       {text}\n"
			   "Why:         {why}\n"
			   "By:          {by}\n"
			   "\n"
			   "  mxctl group show {group|shell}\n"
			   "  mxctl backoff clear {group|shell}\n" SIGNATURE,
	    NULL },
	[MAIL_PAUSE] = { "{group} is paused\n\n"
			 "Nothing goes to {group} until it is resumed.\n"
			 "\n"
			 "Why: {why}\n"
			 "By:  {by}\n"
			 "\n"
			 "  mxctl group resume {group|shell}\n" SIGNATURE,
	    NULL },
	[MAIL_RULES] = { "The rules of mxpace have changed\n\n{fields}\n\n  mxctl rules show\n" SIGNATURE,
	    NULL },
	[MAIL_LEVEL] = { "A level of mxpace has changed\n\n{fields}\n\n  mxctl status\n" SIGNATURE,
	    NULL },
	[MAIL_WARMUP] = { "A warm-up of mxpace has changed\n\n{fields}\n\n  mxctl status\n" SIGNATURE,
	    NULL },
};

static const char digest[] =
    "{count} further events of mxpace\n\n"
    "There were more events than the {per_hour} mails an hour that you want. Those that were not\n"
    "mailed, {since} to {until}:\n"
    "\n"
    "{events}\n"
    "\n"
    "All of them:\n"
    "\n"
    "  mxctl events --since {since|shell}\n" SIGNATURE;

/* -- an operator's ------------------------------------------------------------------------------ */

static int
read_file(const char *path, struct arena *arena, struct span *text, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *bytes = arena_alloc(arena, FILE_MAX + 1);
	size_t len = file != NULL ? fread(bytes, 1, FILE_MAX + 1, file) : 0;
	int failed = file == NULL || ferror(file) ? errno : 0;

	if (file != NULL)
		fclose(file);
	if (failed != 0)
		err_set(err, "%s: %s", path, strerror(failed));
	else if (len > FILE_MAX || memchr(bytes, '\0', len) != NULL)
		err_set(err, "%s: is no text of at most 64 KB", path);
	else
		*text = span_make(bytes, len);
	return failed != 0 || len > FILE_MAX || memchr(bytes, '\0', len) != NULL ? -1 : 0;
}

/* Where the template of that file stands; NULL: no mail has that name. */
static struct span *
place_of(struct alert_texts *texts, const char *file)
{
	char name[64];

	for (int i = 0; i < MAIL_EVENTS; i++) {
		snprintf(name, sizeof(name), "%s.txt", mail_event_names[i]);
		if (strcmp(file, name) == 0)
			return &texts->events[i];
		snprintf(name, sizeof(name), "%s-owner.txt", mail_event_names[i]);
		if (strcmp(file, name) == 0 && shipped[i].owner != NULL)
			return &texts->owners[i];
	}
	return strcmp(file, "digest.txt") == 0 ? &texts->digest : NULL;
}

/* Files that begin with "." or do not end in ".txt" are left alone. */
static int
read_one(const char *folder, const char *file, struct arena *arena, struct alert_texts *texts,
    struct err *err)
{
	const char *path = arena_printf(arena, "%s/%s", folder, file);
	struct span *place = place_of(texts, file);
	size_t len = strlen(file);

	if (*file == '.' || len < 4 || strcmp(file + len - 4, ".txt") != 0)
		return 0;
	if (place == NULL) {
		err_set(err, "%s: no mail has this template; mxctl(1) lists their names", path);
		return -1;
	}
	if (read_file(path, arena, place, err) != 0)
		return -1;
	return alert_template_check(*place, path, alert_fields, err);
}

static int
read_folder(const char *folder, struct arena *arena, struct alert_texts *texts, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		err_set(err, "mail.templates: %s: %s", folder, strerror(errno));
		return -1;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		rc = read_one(folder, entry->d_name, arena, texts, err);
	closedir(dir);
	return rc;
}

int
alert_texts_load(const char *folder, struct arena *arena, struct alert_texts *texts,
    struct err *err)
{
	for (int i = 0; i < MAIL_EVENTS; i++) {
		texts->events[i] = span_of(shipped[i].all);
		texts->owners[i] = span_of(shipped[i].owner);
	}
	texts->digest = SPAN(digest);
	return *folder != '\0' ? read_folder(folder, arena, texts, err) : 0;
}
