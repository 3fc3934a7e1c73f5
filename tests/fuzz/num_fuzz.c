// SPDX-License-Identifier: GPL-2.0-or-later
/* Every parser of num.h and addr.h over the same text: what is taken can be written and taken again. */
#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNTOUCHED = 77 };

typedef int (*parse_fn)(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
			struct error *err);

static void check(int r, const struct error *err, bool untouched)
{
	if (r && ((r != -EINVAL && r != -ERANGE) || err->code != r || !*err->message))
		abort();
	if (r && !untouched)
		abort();
}

static void numbers(const char *text)
{
	static const parse_fn parsers[] = { num_parse, num_parse_size, num_parse_duration,
					    num_parse_rate };
	uint64_t value, last = UNTOUCHED;
	int64_t number = UNTOUCHED;
	struct error err = {};
	char buf[16];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
		value = UNTOUCHED;
		err = (struct error){};
		r = parsers[i](text, 0, UINT64_MAX, &value, &err);
		check(r, &err, value == UNTOUCHED);
		num_format_size(value, buf);
		num_format_duration(value, buf);
		value = UNTOUCHED;
		err = (struct error){};
		r = parsers[i](text, 100, 200, &value, &err);
		check(r, &err, value == UNTOUCHED);
		if (!r && (value < 100 || value > 200))
			abort();
	}
	r = num_parse_signed(text, -100, 100, &number, &err);
	check(r, &err, number == UNTOUCHED);
	if (!r && (number < -100 || number > 100))
		abort();
	num_parse_signed(text, INT64_MIN, INT64_MAX, &number, &err);
	value = UNTOUCHED;
	r = num_parse_range(text, 0, 65535, &value, &last, &err);
	check(r, &err, value == UNTOUCHED && last == UNTOUCHED);
	if (!r && (value > last || last > 65535))
		abort();
}

static void addresses(const char *text)
{
	struct ip_addr addr = {}, again = {};
	struct ip_prefix prefix = {};
	struct error err = {};
	char buf[IP_ADDR_TEXT];

	if (!ip_addr_parse(text, &addr, &err)) {
		if (ip_addr_parse(ip_addr_format(&addr, buf), &again, &err) ||
		    ip_addr_compare(&addr, &again) || addr.version != again.version)
			abort();
	}
	if (!ip_prefix_parse(text, &prefix, &err)) {
		if (prefix.bits > 128 || !ip_prefix_has(&prefix, &prefix.addr))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_strbuf_ struct strbuf escaped = {};
	_free_ char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	numbers(text);
	addresses(text);
	/* and what is shown of it obeys nobody */
	strbuf_add_escaped(&escaped, (const char *)data, size);
	for (size_t i = 0; i < escaped.len; i++) {
		if ((unsigned char)escaped.data[i] < 0x20 || escaped.data[i] == 0x7f)
			abort();
	}
	str_columns(text, size);
	str_distance(text, "interval");
	return 0;
}
