#include "handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "log.h"
#include "mem.h"
#include "slots.h"

/* -- leaving ----------------------------------------------------------------------------------- */

static int
write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			return -1;
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

int
handover_make(struct engine *engine, struct server *server, int **fds, size_t *count,
    struct err *err)
{
	struct clients *clients = server_clients(server);
	struct str out = { 0 }, head = { 0 };
	int file = memfd_create("mxpolicyd", MFD_CLOEXEC), rc = -1;

	*count = clients_count(clients) + 1;
	*fds = mem_alloc(*count * sizeof(**fds));
	(*fds)[0] = file;
	transactions_pack(engine->transactions, &out);
	clients_pack(clients, &out, *fds + 1);
	pack_number(&out, slots_see(engine->egress->slots));
	pack_number(&head, HANDOVER_FORMAT);
	pack_number(&head, (int64_t)pack_sum(span_make(out.data, out.len)));
	if (file >= 0 && write_all(file, span_make(head.data, head.len)) == 0 &&
	    write_all(file, span_make(out.data, out.len)) == 0)
		rc = 0;
	else
		err_set(err, "a file in memory: %s", strerror(errno));
	str_free(&head);
	str_free(&out);
	if (rc == 0)
		return 0;
	if (file >= 0)
		close(file);
	free(*fds);
	return -1;
}

/* -- taking ------------------------------------------------------------------------------------ */

/* The file that is no socket; it becomes -1. */
static int
take_file(int *fds, size_t count)
{
	struct stat st;

	for (size_t i = 0; i < count; i++) {
		int fd = fds[i];

		if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		fds[i] = -1;
		return fd;
	}
	return -1;
}

static void
read_all(int fd, struct str *out)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return;
	str_reserve(out, (size_t)st.st_size);
	while (n > 0 && out->len < (size_t)st.st_size) {
		n = pread(fd, out->data + out->len, (size_t)st.st_size - out->len, (off_t)out->len);
		out->len += n > 0 ? (size_t)n : 0;
	}
}

/* True: it is whole, and can be read; else that is logged. What is left of `in` is what was packed. */
static bool
read_head(struct unpack *in)
{
	int64_t format = unpack_number(in);
	uint64_t sum = (uint64_t)unpack_number(in);
	struct span rest = span_from(span_make(in->begin, in->len), in->at);

	if (!in->failed && format == HANDOVER_FORMAT && pack_sum(rest) == sum) {
		*in = unpack_make(rest);
		return true;
	}
	if (in->failed || format == HANDOVER_FORMAT)
		log_warning("connections of the mxpolicyd before are closed: what it left is "
			    "damaged");
	else
		log_warning("connections of the mxpolicyd before are closed: what it left is of "
			    "another version");
	return false;
}

static size_t
unpack(struct engine *engine, struct server *server, struct unpack *in, int *fds, size_t count)
{
	bool admission = engine->settings->enforce == ENFORCE_ADMISSION, sees;
	size_t found;

	if (!read_head(in))
		return 0;
	transactions_unpack(engine->transactions, engine->groups, in);
	found = clients_unpack(server_clients(server), in, fds, count);
	transactions_unpacked(engine->transactions, !admission);
	sees = unpack_number(in) != 0;
	if (!admission && !in->failed)
		slots_adopted(engine->egress->slots, sees);
	return found;
}

size_t
handover_take(struct engine *engine, struct server *server, int *fds, size_t count)
{
	int file = take_file(fds, count);
	struct str bytes = { 0 };
	struct unpack in;
	size_t found = 0;

	if (file >= 0) {
		read_all(file, &bytes);
		close(file);
		in = unpack_make(span_make(str_text(&bytes), bytes.len));
		found = unpack(engine, server, &in, fds, count);
		str_free(&bytes);
	}
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return found;
}
