// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/glob.h"

#include "base/str.h"

/* One character: its code (a byte that is not UTF-8: 0x80000000 + byte) and length. */
struct glyph {
	uint32_t code;
	size_t len;
};

static struct glyph glyph_at(const char *s, size_t len, bool fold)
{
	const unsigned char *b = (const unsigned char *)s;
	size_t n = utf8_len(s, len);
	struct glyph g = { .len = n ? n : 1 };

	if (!n)
		g.code = 0x80000000u + b[0];
	else if (n == 1)
		g.code = fold && b[0] >= 'A' && b[0] <= 'Z' ? b[0] + 0x20u : b[0];
	else
		g.code = b[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		g.code = g.code << 6 | (b[i] & 0x3f);
	return g;
}

/* A character of the pattern, a backslash before it taken off. */
static struct glyph pattern_glyph(const char *p, size_t len, bool fold)
{
	bool escaped = *p == '\\' && len > 1;
	struct glyph g = glyph_at(p + escaped, len - escaped, fold);

	g.len += escaped;
	return g;
}

/*
 * The set at p, which begins with '['. Returns its length, 0 when it is not closed (then '[' stands for
 * itself), and whether it takes `code`.
 */
static size_t set_match(const char *p, size_t len, uint32_t code, bool fold, bool *ret_match)
{
	size_t i = 1;
	bool negated = i < len && (p[i] == '!' || p[i] == '^'), match = false;
	bool first = true;

	for (i += negated; i < len && (p[i] != ']' || first); first = false) {
		struct glyph low = pattern_glyph(p + i, len - i, fold), high = low;

		i += low.len;
		if (i + 1 < len && p[i] == '-' && p[i + 1] != ']') {
			high = pattern_glyph(p + i + 1, len - i - 1, fold);
			i += 1 + high.len;
		}
		match |= code >= low.code && code <= high.code;
	}
	if (i >= len)
		return 0;
	*ret_match = match != negated;
	return i + 1;
}

/* Whether the pattern's next piece (not '*') takes the glyph; its length in *ret_len. */
static bool piece_match(const char *p, size_t len, struct glyph g, bool fold, size_t *ret_len)
{
	struct glyph want;
	bool match = false;

	if (*p == '?') {
		*ret_len = 1;
		return true;
	}
	if (*p == '[') {
		*ret_len = set_match(p, len, g.code, fold, &match);
		if (*ret_len)
			return match;
	}
	want = pattern_glyph(p, len, fold);
	*ret_len = want.len;
	return want.code == g.code;
}

bool glob_matches(const char *pattern, size_t pattern_len, const char *text, size_t text_len,
		  bool ignore_case)
{
	size_t p = 0, t = 0, star = SIZE_MAX, retry = 0, len = 0;

	while (t < text_len) {
		struct glyph g = glyph_at(text + t, text_len - t, ignore_case);

		if (p < pattern_len && pattern[p] == '*') {
			star = ++p;
			retry = t;
		} else if (p < pattern_len &&
			   piece_match(pattern + p, pattern_len - p, g, ignore_case, &len)) {
			p += len;
			t += g.len;
		} else if (star != SIZE_MAX) {
			/* only the last star need ever take more */
			retry += glyph_at(text + retry, text_len - retry, false).len;
			t = retry;
			p = star;
		} else {
			return false;
		}
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}
