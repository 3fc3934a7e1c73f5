// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as each of the runtimes' files at once: a root folder where all of them are the input. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/str.h"
#include "identity/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static char root[] = "/tmp/skep-state-fuzz.XXXXXX";

static int folders_make(char *path)
{
	for (char *slash = strchr(path + sizeof(root), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void root_remove(void)
{
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int root_make(void)
{
	static const char *const files[] = {
		"/etc/docker/daemon.json",
		"/var/lib/docker/containers/%s/config.v2.json",
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
		"/run/containers/storage/overlay-containers/%s/userdata/config.json",
		"/var/lib/containers/storage/overlay-containers/containers.json",
	};
	_free_ char *input = NULL;

	if (!mkdtemp(root))
		return -errno;
	atexit(root_remove);
	input = str_printf("%s/input", root);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_strbuf_ struct strbuf path = {};
		const char *hole = strstr(files[i], "%s");

		strbuf_adds(&path, root);
		if (hole) {
			strbuf_add(&path, files[i], (size_t)(hole - files[i]));
			strbuf_adds(&path, id);
			strbuf_adds(&path, hole + 2);
		} else {
			strbuf_adds(&path, files[i]);
		}
		if (!input || path.failed || folders_make(path.data) ||
		    symlink(input, strbuf_str(&path)))
			return -errno;
	}
	identity_root_set(root);
	return 0;
}

static void check(const struct state *state)
{
	const struct {
		const char *text;
		size_t max;
	} texts[] = {
		{ state->name, STATE_NAME_MAX },    { state->image, STATE_IMAGE_MAX },
		{ state->pod, STATE_NAME_MAX },	    { state->namespace, STATE_NAME_MAX },
		{ state->pod_uid, STATE_NAME_MAX }, { state->labels, STATE_LABELS_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].text && (!*texts[i].text || strlen(texts[i].text) > texts[i].max))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum runtime guesses[] = { RUNTIME_DOCKER, RUNTIME_CONTAINERD, RUNTIME_CRIO };
	static bool ready;
	struct daemons none = {};
	char path[64];
	_close_ int fd = -1;

	if (!ready && root_make())
		abort();
	ready = true;
	snprintf(path, sizeof(path), "%s/input", root);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(guesses); i++) {
		_state_ struct state state = {};
		struct state_query query = { .id = id, .guess = guesses[i], .daemons = &none };

		if (!state_read(&query, &state))
			check(&state);
	}
	return 0;
}
