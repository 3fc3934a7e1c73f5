// SPDX-License-Identifier: GPL-2.0-or-later
/* What the readers of the runtimes' files share, and the order in which they are asked. */
#include "identity/state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json_object_iterator.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/vec.h"

static const char *root = "";

void identity_root_set(const char *path)
{
	root = path ? path : "";
}

const char *identity_root(void)
{
	return root;
}

void state_free(struct state *state)
{
	free(state->name);
	free(state->image);
	free(state->pod);
	free(state->namespace);
	free(state->pod_uid);
	free(state->labels);
	*state = (struct state){};
}

/*
 * The files lie where other users can write (rootless storage): a FIFO must not stop us, and
 * nothing but a regular file is read.
 */
static int text_read(const char *path, size_t limit, char **ret, size_t *ret_len)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_free_ char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || (size_t)st.st_size > limit)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

struct json_object *state_json(size_t limit, const char *fmt, ...)
{
	_free_ char *tail = NULL, *path = NULL, *text = NULL;
	struct json_object *object;
	struct json_tokener *tokener;
	size_t len = 0;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&tail, fmt, ap);
	va_end(ap);
	if (n < 0) {
		tail = NULL;
		return NULL;
	}
	path = str_printf("%s%s", root, tail);
	if (!path || text_read(path, limit, &text, &len))
		return NULL;
	tokener = json_tokener_new();
	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, text, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

struct json_object *state_member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *member = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &member) || !json_object_is_type(member, type))
		return NULL;
	return member;
}

const char *state_text(struct json_object *object, const char *key)
{
	struct json_object *member = state_member(object, key, json_type_string);

	return member ? json_object_get_string(member) : NULL;
}

char *text_copy(const char *text, size_t max)
{
	return text && *text ? strndup(text, max) : NULL;
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *labels_text(struct json_object *labels)
{
	struct json_object_iterator at, end;
	VEC(const char *) keys = {};
	_strbuf_ struct strbuf text = {};

	if (!json_object_is_type(labels, json_type_object))
		return NULL;
	end = json_object_iter_end(labels);
	for (at = json_object_iter_begin(labels); !json_object_iter_equal(&at, &end);
	     json_object_iter_next(&at)) {
		if (json_object_is_type(json_object_iter_peek_value(&at), json_type_string) &&
		    !vec_push(&keys, json_object_iter_peek_name(&at)))
			break;
	}
	if (keys.len)
		qsort(keys.data, keys.len, sizeof(*keys.data), text_compare);
	for (size_t i = 0; i < keys.len && text.len < STATE_LABELS_MAX; i++)
		strbuf_addf(&text, "%s%s=%s", i ? "," : "", keys.data[i],
			    state_text(labels, keys.data[i]));
	vec_free(&keys);
	if (text.failed || !text.len)
		return NULL;
	if (text.len > STATE_LABELS_MAX)
		text.data[STATE_LABELS_MAX] = '\0';
	return TAKE_PTR(text.data);
}

char *user_home(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (getpwuid_r(uid, &entry, buf, sizeof(buf), &found) || !found)
		return NULL;
	return text_copy(entry.pw_dir, PATH_MAX);
}

/* An id becomes part of a path: nothing but what the runtimes themselves make. */
static bool id_valid(const char *id)
{
	return strspn(id, "0123456789abcdef") == 64 && !id[64];
}

int state_read(const struct state_query *query, struct state *ret)
{
	/* A bare id does not tell its runtime: the one that has a file of it is right. */
	static int (*const readers[])(const struct state_query *, struct state *) = {
		docker_read,
		containerd_read,
		storage_read,
	};
	size_t first = 0;

	if (!id_valid(query->id))
		return -ENOENT;
	if (query->guess == RUNTIME_CONTAINERD)
		first = 1;
	else if (query->guess == RUNTIME_PODMAN || query->guess == RUNTIME_CRIO)
		first = 2;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		int r = readers[(first + i) % ARRAY_SIZE(readers)](query, ret);

		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}
