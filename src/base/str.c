// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <wchar.h>

void strbuf_free(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf){};
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	if (sb->data)
		sb->data[0] = '\0';
}

static bool strbuf_reserve(struct strbuf *sb, size_t more)
{
	size_t need, size;
	char *data;

	if (sb->failed || __builtin_add_overflow(sb->len, more, &need) || need == SIZE_MAX)
		goto fail;
	if (need < sb->size)
		return true;
	size = sb->size ? sb->size : 64;
	while (size <= need) {
		if (__builtin_mul_overflow(size, 2, &size))
			goto fail;
	}
	data = realloc(sb->data, size);
	if (!data)
		goto fail;
	sb->data = data;
	sb->size = size;
	return true;
fail:
	sb->failed = true;
	return false;
}

void strbuf_add(struct strbuf *sb, const char *bytes, size_t len)
{
	if (!len || !strbuf_reserve(sb, len))
		return;
	memcpy(sb->data + sb->len, bytes, len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_adds(struct strbuf *sb, const char *str)
{
	strbuf_add(sb, str, strlen(str));
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		sb->failed = true;
	if (len <= 0 || !strbuf_reserve(sb, (size_t)len))
		return;
	vsnprintf(sb->data + sb->len, (size_t)len + 1, fmt, ap);
	sb->len += (size_t)len;
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->data ? sb->data : "";
}

size_t utf8_len(const char *s, size_t len)
{
	const unsigned char *b = (const unsigned char *)s;
	uint32_t code;
	size_t n;

	if (!len)
		return 0;
	if (b[0] < 0x80)
		return 1;
	if (b[0] >= 0xc2 && b[0] <= 0xdf)
		n = 2;
	else if (b[0] >= 0xe0 && b[0] <= 0xef)
		n = 3;
	else if (b[0] >= 0xf0 && b[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	code = b[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (b[i] & 0x3f);
	}
	if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	if (code >= 0xd800 && code <= 0xdfff)
		return 0;
	return n;
}

static uint32_t utf8_code(const char *s, size_t n)
{
	const unsigned char *b = (const unsigned char *)s;
	uint32_t code = n == 1 ? b[0] : b[0] & (0xff >> (n + 1));

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (b[i] & 0x3f);
	return code;
}

void strbuf_add_escaped(struct strbuf *sb, const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code;

		n = utf8_len(bytes + i, len - i);
		if (!n) {
			strbuf_addf(sb, "\\x%02x", (unsigned char)bytes[i]);
			n = 1;
			continue;
		}
		code = utf8_code(bytes + i, n);
		if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
			for (size_t k = 0; k < n; k++)
				strbuf_addf(sb, "\\x%02x", (unsigned char)bytes[i + k]);
		} else if (code == '\\') {
			strbuf_adds(sb, "\\\\");
		} else {
			strbuf_add(sb, bytes + i, n);
		}
	}
}

size_t str_columns(const char *s, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0, n; i < len; i += n) {
		int w = 1;

		n = utf8_len(s + i, len - i);
		if (n > 1)
			w = wcwidth((wchar_t)utf8_code(s + i, n));
		columns += w >= 0 ? (size_t)w : 1;
		n = n ? n : 1;
	}
	return columns;
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);

	if (!size)
		return false;
	memcpy(dst, src, len < size ? len : size - 1);
	dst[len < size ? len : size - 1] = '\0';
	return len < size;
}

char *str_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return len < 0 ? NULL : text;
}

unsigned int str_distance(const char *a, const char *b)
{
	enum { MAX_WORD = 64 };
	size_t la = strnlen(a, MAX_WORD - 1), lb = strnlen(b, MAX_WORD - 1);
	unsigned int d[3][MAX_WORD];

	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int best = up[j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN(best, MIN(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, up2[j - 2] + 1);
			row[j] = best;
		}
	}
	return d[la % 3][lb];
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

void str_nearest_offer(struct str_nearest *nearest, const char *candidate)
{
	unsigned int distance = str_distance(nearest->word, candidate);

	size_t len = MIN(strlen(nearest->word), strlen(candidate));

	/* one slip for each three letters, and something must be left of the word */
	if (distance >= len || distance > MAX(1U, len / 3))
		return;
	if (nearest->best &&
	    (distance > nearest->distance || (distance == nearest->distance &&
					      common_prefix(nearest->word, candidate) <=
						      common_prefix(nearest->word, nearest->best))))
		return;
	nearest->best = candidate;
	nearest->distance = distance;
}

int file_read(int dirfd, const char *path, size_t limit, char **ret, size_t *ret_len)
{
	_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	_strbuf_ struct strbuf text = {};
	char chunk[4096];

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		if (text.len + (size_t)n > limit)
			return -EFBIG;
		strbuf_add(&text, chunk, (size_t)n);
	}
	strbuf_add(&text, "", 1);
	if (text.failed)
		return -ENOMEM;
	if (ret_len)
		*ret_len = text.len - 1;
	*ret = TAKE_PTR(text.data);
	return 0;
}
