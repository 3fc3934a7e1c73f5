// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runtimes that leave an OCI bundle (config.json with annotations) or containers/storage's list:
 *
 *	containerd	<state>/io.containerd.runtime.v2.task/<namespace>/<id>/config.json
 *	CRI-O		<root>/overlay-containers/<id>/userdata/config.json
 *	podman		<root>/overlay-containers/containers.json; of `--rm` ones volatile-containers.json
 *
 * Docker's own containers lie in containerd's namespace "moby": they are docker's.
 */
#include <errno.h>

#include "base/str.h"
#include "identity/state.h"

static int containerd_file(const char *root, const char *namespace, const char *id,
			   struct state *ret)
{
	_json_ struct json_object *file =
		state_json(STATE_FILE_MAX, "%s/io.containerd.runtime.v2.task/%s/%s/config.json",
			   root, namespace, id);
	struct json_object *notes = state_member(file, "annotations", json_type_object);
	const char *type = state_text(notes, "io.kubernetes.cri.container-type");
	const char *name = state_text(notes, "io.kubernetes.cri.container-name");

	if (!file)
		return -ENOENT;
	if (type && str_eq(type, "sandbox"))
		name = "POD"; /* kubelet's word for the container that holds a pod's namespaces */
	if (!name)
		name = state_text(notes, "nerdctl/name");
	ret->runtime = RUNTIME_CONTAINERD;
	ret->name = text_copy(name, STATE_NAME_MAX);
	ret->image = text_copy(state_text(notes, "io.kubernetes.cri.image-name"), STATE_IMAGE_MAX);
	ret->pod = text_copy(state_text(notes, "io.kubernetes.cri.sandbox-name"), STATE_NAME_MAX);
	ret->namespace =
		text_copy(state_text(notes, "io.kubernetes.cri.sandbox-namespace"), STATE_NAME_MAX);
	ret->pod_uid =
		text_copy(state_text(notes, "io.kubernetes.cri.sandbox-uid"), STATE_NAME_MAX);
	return 0;
}

static int containerd_state(const char *root, const char *id, struct state *ret)
{
	_free_ char *path = str_printf("%s%s/io.containerd.runtime.v2.task", identity_root(), root);
	_dir_ DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || str_eq(entry->d_name, "moby"))
			continue;
		if (!containerd_file(root, entry->d_name, id, ret))
			return 0;
	}
	return -ENOENT;
}

int containerd_read(const struct state_query *query, struct state *ret)
{
	if (!containerd_state("/run/containerd", query->id, ret))
		return 0;
	for (size_t i = 0; i < query->daemons->containerd_count; i++) {
		const struct daemon_root *daemon = &query->daemons->containerd[i];

		if (daemon->uid && daemon->uid != query->uid)
			continue;
		if (!containerd_state(daemon->path, query->id, ret))
			return 0;
	}
	return -ENOENT;
}

static int crio_bundle(const char *folder, const char *id, struct state *ret)
{
	_json_ struct json_object *file =
		state_json(STATE_FILE_MAX, "%s/%s/userdata/config.json", folder, id);
	struct json_object *notes = state_member(file, "annotations", json_type_object);
	const char *name = state_text(notes, "io.kubernetes.container.name");
	const char *type = state_text(notes, "io.kubernetes.cri-o.ContainerType");
	const char *labels = state_text(notes, "io.kubernetes.cri-o.Labels");
	_json_ struct json_object *label_object = labels ? json_tokener_parse(labels) : NULL;
	const char *pod = state_text(notes, "io.kubernetes.pod.name");

	/* Podman's bundles have cri-o's annotations too, some; but no pod's name. */
	if (!type || !pod)
		return -ENOENT;
	ret->runtime = RUNTIME_CRIO;
	ret->name = text_copy(str_eq(type, "sandbox") ? "POD" : name, STATE_NAME_MAX);
	ret->image = text_copy(state_text(notes, "io.kubernetes.cri-o.ImageName"), STATE_IMAGE_MAX);
	ret->pod = text_copy(pod, STATE_NAME_MAX);
	ret->namespace =
		text_copy(state_text(notes, "io.kubernetes.pod.namespace"), STATE_NAME_MAX);
	ret->pod_uid = text_copy(state_text(notes, "io.kubernetes.pod.uid"), STATE_NAME_MAX);
	ret->labels = labels_text(label_object);
	return 0;
}

static int storage_list(const char *folder, const char *list, const char *id, struct state *ret)
{
	_json_ struct json_object *file = state_json(STATE_LIST_MAX, "%s/%s", folder, list);
	size_t count = json_object_is_type(file, json_type_array) ? json_object_array_length(file)
								  : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(file, i);
		struct json_object *names = state_member(item, "names", json_type_array), *first;
		const char *item_id = state_text(item, "id"), *notes = state_text(item, "metadata");
		_json_ struct json_object *note_object = NULL;

		if (!item_id || !str_eq(item_id, id))
			continue;
		first = names ? json_object_array_get_idx(names, 0) : NULL;
		note_object = notes ? json_tokener_parse(notes) : NULL;
		ret->runtime = RUNTIME_PODMAN;
		if (json_object_is_type(first, json_type_string))
			ret->name = text_copy(json_object_get_string(first), STATE_NAME_MAX);
		ret->image = text_copy(state_text(note_object, "image-name"), STATE_IMAGE_MAX);
		return 0;
	}
	return -ENOENT;
}

static int storage_lists(const char *folder, const char *id, struct state *ret)
{
	if (!storage_list(folder, "containers.json", id, ret))
		return 0;
	return storage_list(folder, "volatile-containers.json", id, ret);
}

/* CRI-O lists its containers as podman does, so all its bundles are asked first. */
static int storage_roots(const char *const roots[2], const char *id, struct state *ret)
{
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };
	static int (*const readers[])(const char *, const char *, struct state *) = {
		crio_bundle,
		storage_lists,
	};

	for (size_t i = 0; i < ARRAY_SIZE(readers) * 2 * ARRAY_SIZE(drivers); i++) {
		size_t reader = i / (2 * ARRAY_SIZE(drivers)), driver = i / 2 % ARRAY_SIZE(drivers);
		_free_ char *folder = str_printf("%s/%s-containers", roots[i % 2], drivers[driver]);

		if (folder && !readers[reader](folder, id, ret))
			return 0;
	}
	return -ENOENT;
}

/* A user's own storage: only asked for containers below that user's slice. */
static int storage_user(uid_t uid, const char *id, struct state *ret)
{
	_free_ char *home = user_home(uid);
	_free_ char *graph = home ? str_printf("%s/.local/share/containers/storage", home) : NULL;
	_free_ char *run = str_printf("/run/user/%u/containers", uid);

	if (!graph || !run)
		return -ENOENT;
	return storage_roots((const char *const[]){ graph, run }, id, ret);
}

int storage_read(const struct state_query *query, struct state *ret)
{
	static const char *const roots[] = { "/var/lib/containers/storage",
					     "/run/containers/storage" };

	if (query->uid)
		return storage_user(query->uid, query->id, ret);
	return storage_roots(roots, query->id, ret);
}
