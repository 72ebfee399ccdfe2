#include "check.h"
#include "mx_cache.h"

static unsigned notes_freed;

static void
note_free(struct mx_note *note)
{
	(void)note;
	notes_freed++;
}

static struct mx_note a_note = { note_free };

static void
put(struct mx_cache *cache, const char *domain, enum mx_state state, int64_t expires_ms)
{
	struct mx_host host = { 10, "mx.test" };
	struct mx_entry *entry =
	    mx_entry_new(domain, state, state == MX_FOUND ? mx_set_new(&host, 1) : NULL,
		state == MX_FAILED ? "timeout" : "", expires_ms);

	mx_cache_put(cache, entry);
	mx_entry_release(&entry);
	assert_null(entry);
}

static void
answers_until_it_expires(void **state)
{
	struct mx_cache *cache = mx_cache_new(4);
	struct mx_answer answer;

	(void)state;
	assert_null(mx_cache_find(cache, "a.test", 0));
	put(cache, "a.test", MX_FOUND, 5000);
	assert_non_null(mx_cache_find(cache, "a.test", 4999));
	assert_null(mx_cache_find(cache, "a.test", 5000));
	assert_null(mx_cache_find(cache, "b.test", 0));
	mx_entry_answer(mx_cache_find(cache, "a.test", 0), 3999, &answer);
	assert_int_equal(answer.state, MX_FOUND);
	assert_int_equal(answer.set->count, 1);
	assert_string_equal(answer.set->hosts[0].name, "mx.test");
	assert_int_equal(answer.ttl_s, 2);
	assert_string_equal(answer.words, "");
	assert_null(*answer.note);
	mx_cache_free(&cache);
	assert_null(cache);
}

static void
replaces(void **state)
{
	struct mx_cache *cache = mx_cache_new(4);
	struct mx_answer answer;

	(void)state;
	put(cache, "a.test", MX_FOUND, 5000);
	mx_entry_answer(mx_cache_find(cache, "a.test", 0), 0, &answer);
	*answer.note = &a_note;
	notes_freed = 0;
	put(cache, "a.test", MX_FAILED, 6000);
	assert_int_equal(notes_freed, 1);
	assert_int_equal(mx_cache_count(cache), 1);
	mx_entry_answer(mx_cache_find(cache, "a.test", 5500), 5500, &answer);
	assert_int_equal(answer.state, MX_FAILED);
	assert_null(answer.set);
	assert_string_equal(answer.words, "timeout");
	assert_null(*answer.note);
	mx_cache_free(&cache);
}

static void
what_was_used_longest_ago_makes_room(void **state)
{
	struct mx_cache *cache = mx_cache_new(3);

	(void)state;
	put(cache, "a.test", MX_FOUND, 1000);
	put(cache, "b.test", MX_FOUND, 1000);
	put(cache, "c.test", MX_FOUND, 1000);
	assert_non_null(mx_cache_find(cache, "a.test", 0));
	put(cache, "d.test", MX_FOUND, 1000);
	assert_int_equal(mx_cache_count(cache), 3);
	assert_null(mx_cache_find(cache, "b.test", 0));
	assert_non_null(mx_cache_find(cache, "c.test", 0));
	put(cache, "c.test", MX_FAILED, 1000); /* replaces, no one leaves */
	assert_int_equal(mx_cache_count(cache), 3);
	put(cache, "e.test", MX_FOUND, 1000);
	assert_null(mx_cache_find(cache, "a.test", 0));
	assert_non_null(mx_cache_find(cache, "c.test", 0));
	assert_non_null(mx_cache_find(cache, "d.test", 0));
	assert_non_null(mx_cache_find(cache, "e.test", 0));
	mx_cache_free(&cache);
}

static void
held_entries_outlive_the_cache(void **state)
{
	struct mx_cache *cache = mx_cache_new(1);
	struct mx_entry *held;
	struct mx_answer answer;

	(void)state;
	put(cache, "a.test", MX_FOUND, 1000);
	held = mx_entry_hold(mx_cache_find(cache, "a.test", 0));
	put(cache, "b.test", MX_FOUND, 1000);
	mx_cache_free(&cache);
	mx_entry_answer(held, 2000, &answer);
	assert_string_equal(answer.set->hosts[0].name, "mx.test");
	assert_int_equal(answer.ttl_s, 0);
	*answer.note = &a_note;
	notes_freed = 0;
	mx_entry_release(&held);
	assert_int_equal(notes_freed, 1);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, answers_until_it_expires);
	CHECK(&list, replaces);
	CHECK(&list, what_was_used_longest_ago_makes_room);
	CHECK(&list, held_entries_outlive_the_cache);
	return check_run(&list, "mx_cache");
}
