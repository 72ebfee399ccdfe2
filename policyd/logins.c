#include "logins.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "mem.h"
#include "store_sender.h"

enum { TELL_S = 3600 }; /* how often who logs in is told */

struct user {
	UT_hash_handle hh;
	bool several;
	int64_t told_s;
	char account[SENDER_NAME_SIZE];
	char sender[];
};

struct logins {
	struct user *users;
};

static struct user *
find_user(const struct logins *logins, const char *sender)
{
	struct user *user = NULL;

	if (logins->users != NULL)
		HASH_FIND(hh, logins->users, sender, strlen(sender), user);
	return user;
}

const char *
logins_account(const struct logins *logins, const char *by_sender)
{
	const struct user *user = find_user(logins, by_sender);

	return user != NULL && !user->several ? user->account : by_sender;
}

static void
free_users(struct logins *logins)
{
	struct user *user, *next;

	HASH_ITER (hh, logins->users, user, next) {
		HASH_DEL(logins->users, user);
		free(user);
	}
}

static void
add_user(struct logins *logins, const struct sender_identity *identity)
{
	size_t len = strlen(identity->by_sender);
	struct user *user;

	if (HASH_COUNT(logins->users) >= LOGINS_MAX)
		free_users(logins);
	user = mem_alloc(sizeof(*user) + len + 1);
	memcpy(user->sender, identity->by_sender, len + 1);
	memcpy(user->account, identity->account, sizeof(user->account));
	HASH_ADD_KEYPTR(hh, logins->users, user->sender, len, user);
}

void
logins_note(struct logins *logins, const struct sender_identity *identity,
    struct store_async *store)
{
	struct user *user = find_user(logins, identity->by_sender);
	int64_t now_s = clock_wall_s();
	bool another = user != NULL && strcmp(user->account, identity->account) != 0;

	if (*identity->by_sender == '\0' ||
	    (user == NULL && strcmp(identity->account, identity->by_sender) == 0))
		return;
	if (user == NULL) {
		add_user(logins, identity);
		user = find_user(logins, identity->by_sender);
	}
	if (user->told_s + TELL_S > now_s && (!another || user->several))
		return;
	user->several = user->several || another;
	user->told_s = now_s;
	store_put_sender_user(store_async_batch(store), identity->by_sender, identity->account,
	    now_s);
	store_async_send(store);
}

struct logins *
logins_new(void)
{
	return mem_alloc(sizeof(struct logins));
}

void
logins_free(struct logins **logins)
{
	struct logins *old = *logins;

	*logins = NULL;
	if (old == NULL)
		return;
	free_users(old);
	free(old);
}
