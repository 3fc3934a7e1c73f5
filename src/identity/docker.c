// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Docker: <data-root>/containers/<id>/config.v2.json. It is written when the container is created,
 * so before its cgroup. The data root is /var/lib/docker, or what daemon.json says, or what the
 * running daemons were started with; of a rootless one it is in its user's home. With user
 * namespaces (userns-remap) the folder <uid>.<gid> below it takes its place.
 */
#include <ctype.h>
#include <errno.h>

#include "base/str.h"

#include "identity/state.h"

static int docker_file(const char *root, const char *id, struct state *ret)
{
	_json_ struct json_object *file =
		state_json(STATE_FILE_MAX, "%s/containers/%s/config.v2.json", root, id);
	struct json_object *config = state_member(file, "Config", json_type_object);
	struct json_object *labels = state_member(config, "Labels", json_type_object);
	const char *name = state_text(file, "Name"), *file_id = state_text(file, "ID");
	const char *kubernetes = state_text(labels, "io.kubernetes.container.name");

	if (!file_id || !str_eq(file_id, id))
		return -ENOENT;
	if (name && *name == '/')
		name++;
	/* By cri-dockerd "k8s_web_shop_default_…": the container's own name is shorter, and says as
	 * much beside its pod. */
	ret->runtime = RUNTIME_DOCKER;
	ret->name = text_copy(kubernetes ? kubernetes : name, STATE_NAME_MAX);
	ret->image = text_copy(state_text(config, "Image"), STATE_IMAGE_MAX);
	ret->pod = text_copy(state_text(labels, "io.kubernetes.pod.name"), STATE_NAME_MAX);
	ret->namespace =
		text_copy(state_text(labels, "io.kubernetes.pod.namespace"), STATE_NAME_MAX);
	ret->pod_uid = text_copy(state_text(labels, "io.kubernetes.pod.uid"), STATE_NAME_MAX);
	ret->labels = labels_text(labels);
	return 0;
}

static int docker_root(const char *root, const char *id, struct state *ret)
{
	_free_ char *path = NULL;
	_dir_ DIR *dir = NULL;
	struct dirent *entry;

	if (!docker_file(root, id, ret))
		return 0;
	path = str_printf("%s%s", identity_root(), root);
	dir = path ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		_free_ char *remapped = NULL;

		if (!isdigit((unsigned char)entry->d_name[0]) || !strchr(entry->d_name, '.'))
			continue;
		remapped = str_printf("%s/%s", root, entry->d_name);
		if (remapped && !docker_file(remapped, id, ret))
			return 0;
	}
	return -ENOENT;
}

static int docker_user(uid_t uid, const char *id, struct state *ret)
{
	_free_ char *home = user_home(uid);
	_free_ char *root = home ? str_printf("%s/.local/share/docker", home) : NULL;

	return root ? docker_root(root, id, ret) : -ENOENT;
}

int docker_read(const struct state_query *query, struct state *ret)
{
	_json_ struct json_object *settings = NULL;
	const char *configured;

	if (query->uid && !docker_user(query->uid, query->id, ret))
		return 0;
	if (!docker_root("/var/lib/docker", query->id, ret))
		return 0;
	settings = state_json(STATE_FILE_MAX, "/etc/docker/daemon.json");
	configured = state_text(settings, "data-root");
	if (configured && !docker_root(configured, query->id, ret))
		return 0;
	for (size_t i = 0; i < query->daemons->docker_count; i++) {
		const struct daemon_root *daemon = &query->daemons->docker[i];

		if (daemon->uid && daemon->uid != query->uid)
			continue;
		if (!docker_root(daemon->path, query->id, ret))
			return 0;
	}
	return -ENOENT;
}
