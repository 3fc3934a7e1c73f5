// SPDX-License-Identifier: GPL-2.0-or-later
/* write(2) instead of stdio, so that every failed write is seen, with its errno, by the call that made it. */
#include <errno.h>
#include <poll.h>

#include "record/sink.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			/* someone who shares the terminal made it non-blocking */
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			if (poll(&ready, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int writer_fail(struct writer *w, int code, struct error *err)
{
	w->failed = true;
	return error_errno(err, code, "%s", w->name);
}

int writer_flush(struct writer *w, struct error *err)
{
	int r = 0;

	if (w->failed)
		r = 0;
	else if (w->buf.failed)
		r = writer_fail(w, -ENOMEM, err);
	else
		r = write_all(w->fd, strbuf_str(&w->buf), w->buf.len);
	if (r && !w->failed)
		r = writer_fail(w, r, err);
	strbuf_reset(&w->buf);
	return r;
}

int writer_spill(struct writer *w, struct error *err)
{
	return w->buf.len >= WRITER_SPILL || w->buf.failed ? writer_flush(w, err) : 0;
}

int writer_close(struct writer *w, struct error *err)
{
	int r = writer_flush(w, err), fd = TAKE_FD(w->fd);

	/* Linux has closed it even after EINTR */
	if (w->owned && fd >= 0 && close(fd) && errno != EINTR && !r && !w->failed)
		r = writer_fail(w, -errno, err);
	return r;
}
