#include "mx_set.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static int
compare(const void *a, const void *b)
{
	const struct mx_host *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool
has_before(const struct mx_host *hosts, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(hosts[k].name, hosts[i].name) == 0)
			return true;
	return false;
}

struct mx_set *
mx_set_new(const struct mx_host *hosts, size_t count)
{
	struct mx_host *sorted = mem_alloc(count * sizeof(*sorted));
	struct mx_set *set;
	size_t kept = 0, bytes = 0;
	char *names;

	if (count > 0)
		memcpy(sorted, hosts, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count && kept < MX_SET_MAX; i++)
		if (!has_before(sorted, i)) {
			sorted[kept++] = sorted[i];
			bytes += strlen(sorted[i].name) + 1;
		}
	set = mem_alloc(sizeof(*set) + kept * sizeof(*hosts) + bytes);
	set->count = kept;
	names = (char *)&set->hosts[kept];
	for (size_t i = 0; i < kept; i++) {
		set->hosts[i].preference = sorted[i].preference;
		set->hosts[i].name = names;
		strcpy(names, sorted[i].name);
		names += strlen(names) + 1;
	}
	free(sorted);
	return set;
}

void
mx_set_free(struct mx_set **set)
{
	free(*set);
	*set = NULL;
}

void
mx_set_format(const struct mx_set *set, struct str *out)
{
	for (size_t i = 0; i < set->count; i++)
		str_addf(out, "%s%u %s", i > 0 ? " " : "", set->hosts[i].preference,
		    set->hosts[i].name);
}

static struct span
next_word(struct span *rest)
{
	struct span word;
	size_t len = 0;

	*rest = span_trim(*rest);
	while (len < rest->len && rest->ptr[len] != ' ')
		len++;
	word = span_make(rest->ptr, len);
	*rest = span_from(*rest, len);
	return word;
}

struct mx_set *
mx_set_parse(struct span text)
{
	char names[MX_SET_MAX][DOMAIN_SIZE];
	struct mx_host hosts[MX_SET_MAX];
	unsigned long long preference;
	size_t count = 0;

	while (span_trim(text).len > 0) {
		if (count == MX_SET_MAX || !span_number(next_word(&text), &preference) ||
		    preference > UINT16_MAX ||
		    domain_normalise(next_word(&text), names[count], NULL) != 0)
			return NULL;
		hosts[count].preference = (unsigned)preference;
		hosts[count].name = names[count];
		count++;
	}
	return count > 0 ? mx_set_new(hosts, count) : NULL;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* FNV-1a over the names in alphabetical order: the same set with other preferences, as round-robin
 * publishers like it, keeps its name as long as the first host stays. */
static uint32_t
checksum(const struct mx_set *set)
{
	const char *names[MX_SET_MAX];
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < set->count; i++)
		names[i] = set->hosts[i].name;
	qsort(names, set->count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < set->count; i++)
		for (const char *p = names[i];; p++) {
			sum = (sum ^ (unsigned char)*p) * 16777619U;
			if (*p == '\0')
				break;
		}
	return sum;
}

void
mx_set_name(const struct mx_set *set, char out[MX_SET_NAME_SIZE])
{
	if (set->count == 0)
		out[0] = '\0';
	else if (set->count == 1)
		snprintf(out, MX_SET_NAME_SIZE, "%s", set->hosts[0].name);
	else
		snprintf(out, MX_SET_NAME_SIZE, "%s+%zu-%08x", set->hosts[0].name, set->count - 1,
		    (unsigned)checksum(set));
}
