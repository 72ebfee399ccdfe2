#include "transports_known.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -- the records ------------------------------------------------------------------------------- */

/* False: it cannot be read. */
static bool
read_file(const char *path, struct str *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0)
		str_add(out, bytes, (size_t)got);
	if (fd >= 0)
		close(fd);
	return got == 0;
}

static bool
has_name(const struct str *names, struct span name)
{
	char line[TRANSPORT_NAME_SIZE + 2];

	snprintf(line, sizeof(line), "\n%.*s\n", (int)name.len, name.ptr);
	return strstr(str_text(names), line) != NULL;
}

/* first: all; else those that the instances before have too. */
static void
take_record(const struct str *text, bool first, struct str *names)
{
	struct span rest = span_make(text->data, text->len), line;
	struct str both = { 0 };

	while (span_line(&rest, &line)) {
		if (transports_parse(line, NULL) == 0 || line.len >= TRANSPORT_NAME_SIZE ||
		    (!first && !has_name(names, line)))
			continue;
		str_adds(&both, both.len == 0 ? "\n" : "");
		str_add_span(&both, line);
		str_addc(&both, '\n');
	}
	str_free(names);
	*names = both;
}

static void
read_all(const char *state_dir, struct str *names)
{
	struct dirent *entry;
	struct str folder = { 0 }, path = { 0 }, text = { 0 };
	bool first = true;
	DIR *dir;

	str_addf(&folder, "%s/" TRANSPORTS_FOLDER, state_dir);
	dir = opendir(str_text(&folder));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		str_empty(&path);
		str_empty(&text);
		str_addf(&path, "%s/%s/" TRANSPORTS_FILE, str_text(&folder), entry->d_name);
		if (!read_file(str_text(&path), &text) || text.len == 0)
			continue;
		take_record(&text, first, names);
		first = false;
	}
	if (dir != NULL)
		closedir(dir);
	str_free(&folder);
	str_free(&path);
	str_free(&text);
}

bool
transports_known_read(struct transports_known *known, const char *state_dir)
{
	struct str names = { 0 };

	read_all(state_dir, &names);
	if (strcmp(str_text(&names), str_text(&known->names)) == 0) {
		str_free(&names);
		return false;
	}
	str_free(&known->names);
	known->names = names;
	return true;
}

void
transports_known_clear(struct transports_known *known)
{
	str_free(&known->names);
}

/* -- what follows ------------------------------------------------------------------------------ */

bool
transports_known_has(const struct transports_known *known, const struct transport_class *class,
    size_t ip_number)
{
	char name[TRANSPORT_NAME_SIZE];

	transports_name(class, ip_number, name);
	return has_name(&known->names, span_of(name));
}

/* Of messages per connection, 0 being no limit. */
static bool
is_within(int64_t count, int64_t limit)
{
	return limit == 0 || (count != 0 && count <= limit);
}

void
transports_choose(const struct transports_known *known, const struct mx_rules *rules,
    const struct mx_rule *rule, size_t ip_number, struct transport_class *class)
{
	struct transport_class other;

	transports_class(rules, rule, class);
	if (known == NULL || known->names.len == 0 || transports_known_has(known, class, ip_number))
		return;
	transports_class(rules, rules->count > 0 ? &rules->rules[rules->count - 1] : NULL, &other);
	if (!is_within(other.messages_per_connection, class->messages_per_connection) ||
	    !transports_known_has(known, &other, ip_number))
		transports_class(rules, NULL, &other);
	if (!transports_known_has(known, &other, ip_number))
		return;
	other.shared = true;
	*class = other;
}

bool
transports_known_serves(const struct transports_known *known, const struct mx_rules *rules,
    const struct mx_rule *rule, size_t ip_number)
{
	struct transport_class class;

	transports_choose(known, rules, rule, ip_number, &class);
	return known == NULL || known->names.len == 0 ||
	       transports_known_has(known, &class, ip_number);
}
