// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One scanner walks argv and says what each word is; parsing runs it twice, first only to see
 * whether help is asked for, then to set values. All names are looked up in the const tables, with
 * includes flattened on the way.
 */
#include "base/options.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"

int options_each(const struct option_spec *table, size_t offset,
		 int (*fn)(const struct option_spec *o, size_t offset, void *context),
		 void *context)
{
	for (; table && table->type != OPT_END; table++) {
		int r;

		if (table->type == OPT_INCLUDE)
			r = options_each(table->include, offset + table->offset, fn, context);
		else
			r = fn(table, offset + table->offset, context);
		if (r)
			return r;
	}
	return 0;
}

/* One option of the table, its place in the outermost struct and its number in the flat order. */
struct found {
	const struct option_spec *spec;
	size_t offset;
	size_t number;
};

struct search {
	char letter;	  /* not 0: look for this letter, */
	const char *name; /* else for this name, which is `len` bytes long */
	size_t len;
	bool exact;
	size_t number;	     /* of the option that is looked at */
	struct found first;  /* best match so far */
	const char *another; /* name of a second match of a prefix */
};

static int search_one(const struct option_spec *o, size_t offset, void *context)
{
	struct search *s = context;
	struct found here = { o, offset, s->number++ };

	if (s->letter) {
		if (o->letter != s->letter)
			return 0;
		s->first = here;
		return 1;
	}
	if (!o->name || strncmp(o->name, s->name, s->len))
		return 0;
	if (!o->name[s->len]) {
		s->first = here;
		s->exact = true;
		return 1;
	}
	if (s->first.spec)
		s->another = o->name;
	else
		s->first = here;
	return 0;
}

/* Whole names only. */
static bool find_exact(const struct option_spec *table, const char *name, struct found *ret)
{
	struct search s = { .name = name, .len = strlen(name) };

	options_each(table, 0, search_one, &s);
	if (!s.exact)
		return false;
	*ret = s.first;
	return true;
}

static int nearest_one(const struct option_spec *o, size_t offset, void *context)
{
	(void)offset;
	if (o->name)
		str_nearest_offer(context, o->name);
	return 0;
}

static const char *nearest_name(const struct option_spec *table, const char *name)
{
	struct str_nearest nearest = { .word = name };

	options_each(table, 0, nearest_one, &nearest);
	return nearest.best;
}

static int set_flag(bool *place, const char *value, struct error *err)
{
	if (!value || str_eq(value, "true") || str_eq(value, "yes"))
		*place = true;
	else if (str_eq(value, "false") || str_eq(value, "no"))
		*place = false;
	else
		return error_set(err, -EINVAL, "%s: not true or false", value);
	return 0;
}

static int set_count(unsigned int *place, const char *value, struct error *err)
{
	uint64_t n = 0;
	int r;

	if (!value) {
		*place += *place < UINT8_MAX;
		return 0;
	}
	r = num_parse(value, 0, UINT8_MAX, &n, err);
	if (!r)
		*place = (unsigned int)n;
	return r;
}

static int set_choice(const struct option_spec *o, int *place, const char *value, struct error *err)
{
	_strbuf_ struct strbuf names = {};

	for (int i = 0; o->choices[i]; i++) {
		if (str_eq(o->choices[i], value)) {
			*place = i;
			return 0;
		}
		strbuf_addf(&names, "%s%s", i ? ", " : "", o->choices[i]);
	}
	return error_set(err, -EINVAL, "%s: not one of %s", value, strbuf_str(&names));
}

static void list_free(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->values[i]);
	free(list->values);
	*list = (struct option_list){};
}

static int list_add(struct option_list *list, const char *value, struct error *err)
{
	for (const char *end = value;; value = end + 1) {
		_free_ char *one = NULL;
		const char **more;

		end = strchrnul(value, ',');
		if (end == value)
			return error_set(err, -EINVAL, "an empty entry in the list");
		one = strndup(value, (size_t)(end - value));
		more = reallocarray(list->values, list->count + 1, sizeof(*more));
		if (more)
			list->values = more;
		if (!one || !more)
			return error_set(err, -ENOMEM, "out of memory");
		list->values[list->count++] = TAKE_PTR(one);
		if (!*end)
			return 0;
	}
}

static int set_value(const struct option_spec *o, void *place, const char *value, struct error *err)
{
	uint64_t max = o->max ? o->max : UINT64_MAX;

	if (o->type != OPT_FLAG && o->type != OPT_COUNT && !value)
		return error_set(err, -EINVAL, "needs a value");
	switch (o->type) {
	case OPT_FLAG: return set_flag(place, value, err);
	case OPT_COUNT: return set_count(place, value, err);
	case OPT_STRING: *(const char **)place = value; return 0;
	case OPT_U64: return num_parse(value, o->min, max, place, err);
	case OPT_SIZE: return num_parse_size(value, o->min, max, place, err);
	case OPT_DURATION: return num_parse_duration(value, o->min, max, place, err);
	case OPT_CHOICE: return set_choice(o, place, value, err);
	case OPT_LIST: return list_add(place, value, err);
	case OPT_END:
	case OPT_INCLUDE: break;
	}
	return error_set(err, -EINVAL, "not an option that has a value");
}

static void *place_of(void *options, size_t offset)
{
	return (char *)options + offset;
}

struct preset_context {
	void *options;
	struct error *err;
};

static int preset_one(const struct option_spec *o, size_t offset, void *context)
{
	const struct preset_context *c = context;
	int r;

	if (!o->preset)
		return 0;
	r = set_value(o, place_of(c->options, offset), o->preset, c->err);
	if (r)
		error_wrap(c->err, "default of --%s", o->name);
	return r;
}

int options_preset(const struct option_spec *table, void *options, struct error *err)
{
	struct preset_context c = { options, err };

	return options_each(table, 0, preset_one, &c);
}

int option_set(const struct option_spec *table, void *options, const char *name, const char *value,
	       struct error *err)
{
	struct found f = {};
	int r;

	if (!find_exact(table, name, &f)) {
		const char *nearest = nearest_name(table, name);

		return error_set(err, -ENOENT, "unknown option %s%s%s%s", name,
				 nearest ? "; did you mean " : "", nearest ? nearest : "",
				 nearest ? "?" : "");
	}
	r = set_value(f.spec, place_of(options, f.offset), value, err);
	if (r)
		error_wrap(err, "%s", name);
	return r;
}

bool option_clear(const struct option_spec *table, void *options, const char *name)
{
	struct found f = {};

	if (!find_exact(table, name, &f) || f.spec->type != OPT_LIST)
		return false;
	list_free(place_of(options, f.offset));
	return true;
}

static int free_one(const struct option_spec *o, size_t offset, void *context)
{
	if (o->type == OPT_LIST)
		list_free(place_of(context, offset));
	return 0;
}

void options_free(const struct option_spec *table, void *options)
{
	options_each(table, 0, free_one, options);
}

/* What the scanner found: one positional argument, or one option with its value. */
enum word_kind { WORD_END, WORD_POSITIONAL, WORD_OPTION, WORD_HELP, WORD_WRONG };

struct word {
	enum word_kind kind;
	char *positional;
	struct found option;
	const char *value; /* NULL: none */
};

struct scanner {
	const struct option_spec *table;
	int argc, next; /* argv[next] is looked at next */
	char **argv;
	char *letters;	  /* the rest of joined letters, or NULL */
	bool options_end; /* "--" was seen */
};

static bool takes_value(const struct option_spec *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

/* The value of an option is the word that follows. */
static int scan_value(struct scanner *s, struct word *w, const char *dashes, struct error *err)
{
	const struct option_spec *o = w->option.spec;

	if (s->next < s->argc) {
		w->value = s->argv[s->next++];
		return 0;
	}
	w->kind = WORD_WRONG;
	if (o->name)
		return error_set(err, -EINVAL, "--%s needs a value", o->name);
	return error_set(err, -EINVAL, "%s%c needs a value", dashes, o->letter);
}

static int scan_letter(struct scanner *s, struct word *w, struct error *err)
{
	struct search search = { .letter = *s->letters++ };
	char *rest = *s->letters ? s->letters : NULL;

	s->letters = rest;
	options_each(s->table, 0, search_one, &search);
	if (!search.first.spec) {
		w->kind = search.letter == 'h' ? WORD_HELP : WORD_WRONG;
		if (w->kind == WORD_HELP)
			return 0;
		/* what follows may as well be its value: it says nothing any more */
		s->letters = NULL;
		return error_set(err, -EINVAL, "unknown option -%c", search.letter);
	}
	w->kind = WORD_OPTION;
	w->option = search.first;
	if (!takes_value(w->option.spec))
		return 0;
	s->letters = NULL;
	w->value = rest;
	return rest ? 0 : scan_value(s, w, "-", err);
}

static int unknown_name(struct scanner *s, const char *name, size_t len, struct error *err)
{
	_free_ char *word = strndup(name, len);
	const char *nearest = word ? nearest_name(s->table, word) : NULL;

	if (nearest)
		return error_set(err, -EINVAL, "unknown option --%s; did you mean --%s?", word,
				 nearest);
	return error_set(err, -EINVAL, "unknown option --%.*s", (int)MIN(len, 200U), name);
}

static int scan_name(struct scanner *s, struct word *w, const char *name, struct error *err)
{
	const char *end = strchrnul(name, '=');
	struct search search = { .name = name, .len = (size_t)(end - name) };
	bool help;

	options_each(s->table, 0, search_one, &search);
	w->kind = WORD_WRONG;
	/* --help is in no table, but takes part in the prefixes */
	help = !search.exact && search.len && !strncmp("help", name, search.len);
	if (help && (search.len == 4 || !search.first.spec)) {
		if (*end)
			return error_set(err, -EINVAL, "--help takes no value");
		w->kind = WORD_HELP;
		return 0;
	}
	if (!search.first.spec || !search.len)
		return unknown_name(s, name, search.len, err);
	if (!search.exact && (search.another || help))
		return error_set(err, -EINVAL, "--%.*s is ambiguous: --%s or --%s", (int)search.len,
				 name, search.first.spec->name, help ? "help" : search.another);
	w->kind = WORD_OPTION;
	w->option = search.first;
	w->value = *end ? end + 1 : NULL;
	if (!*end && takes_value(w->option.spec))
		return scan_value(s, w, "--", err);
	return 0;
}

/* 0, or -EINVAL with w->kind WORD_WRONG; the scanner can go on after it. */
static int scan(struct scanner *s, struct word *w, struct error *err)
{
	char *text;

	*w = (struct word){};
	if (s->letters)
		return scan_letter(s, w, err);
	if (s->next >= s->argc)
		return 0;
	text = s->argv[s->next++];
	if (!s->options_end && str_eq(text, "--")) {
		s->options_end = true;
		return scan(s, w, err);
	}
	if (s->options_end || text[0] != '-' || !text[1]) {
		w->kind = WORD_POSITIONAL;
		w->positional = text;
		return 0;
	}
	if (text[1] == '-')
		return scan_name(s, w, text + 2, err);
	s->letters = text + 1;
	return scan_letter(s, w, err);
}

static bool help_asked(const struct option_spec *table, int argc, char **argv)
{
	struct scanner s = { .table = table, .argc = argc, .argv = argv, .next = 1 };
	struct word w;

	do {
		scan(&s, &w, NULL);
		if (w.kind == WORD_HELP)
			return true;
	} while (w.kind != WORD_END);
	return false;
}

int options_leading(const struct option_spec *table, int argc, char **argv)
{
	struct scanner s = { .table = table, .argc = argc, .argv = argv, .next = 1 };
	struct word w;

	do {
		scan(&s, &w, NULL);
	} while (w.kind != WORD_END && w.kind != WORD_POSITIONAL);
	return w.kind == WORD_POSITIONAL ? s.next - 2 : MAX(argc - 1, 0);
}

static int set_from_word(const struct word *w, void *options, bool *seen, struct error *err)
{
	const struct option_spec *o = w->option.spec;
	void *place = place_of(options, w->option.offset);
	int r;

	if (o->type == OPT_LIST && !seen[w->option.number])
		list_free(place);
	seen[w->option.number] = true;
	r = set_value(o, place, w->value, err);
	if (r && o->name)
		error_wrap(err, "--%s", o->name);
	else if (r)
		error_wrap(err, "-%c", o->letter);
	return r;
}

static int count_one(const struct option_spec *o, size_t offset, void *context)
{
	size_t *count = context;

	(void)o;
	(void)offset;
	++*count;
	return 0;
}

int options_parse(const struct option_spec *table, void *options, int argc, char **argv,
		  int *ret_count, bool *ret_help, struct error *err)
{
	struct scanner s = { .table = table, .argc = argc, .argv = argv, .next = 1 };
	_free_ bool *seen = NULL;
	size_t total = 0;
	struct word w;
	int count = 0;

	if (help_asked(table, argc, argv)) {
		*ret_help = true;
		*ret_count = 0;
		return 0;
	}
	options_each(table, 0, count_one, &total);
	seen = calloc(total + 1, sizeof(*seen));
	if (!seen)
		return error_set(err, -ENOMEM, "out of memory");
	for (;;) {
		int r = scan(&s, &w, err);

		if (!r && w.kind == WORD_OPTION)
			r = set_from_word(&w, options, seen, err);
		if (r)
			return r;
		if (w.kind == WORD_END)
			break;
		/* never ahead of what is read: each positional argument was a word of its own */
		if (w.kind == WORD_POSITIONAL)
			argv[1 + count++] = w.positional;
	}
	*ret_help = false;
	*ret_count = count;
	return 0;
}
