#include "postfix_draft.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "postfix_ours.h"
#include "postfix_tables.h"
#include "run.h"
#include "stage.h"

/* -- taking out -------------------------------------------------------------------------------- */

/* What stood where an option of ours is: put back, or nothing. */
static int
restore_option(struct postfix_draft *draft, const struct stage *stage,
    const struct postfix_service *service, const char *name, struct err *err)
{
	struct postfix_words items = { 0 };
	const char *full =
	    arena_printf(&draft->arena, "%s/%s/%s", service->name, service->type, name);
	const char *old = postfix_options_get(&draft->state.overwritten, full);

	if (old != NULL)
		return stage_set_option(stage, service->name, service->type, name, old, err);
	postfix_words_add(&draft->arena, &items, full);
	return stage_edit(stage, "-PX", &items, err);
}

static int
take_out_of_master(struct postfix_draft *draft, const struct stage *stage, struct err *err)
{
	struct postfix_services services = { 0 };
	struct postfix_words ours = { 0 };

	if (postfix_conf_services(&draft->arena, stage->folder, &services, err) != 0)
		return -1;
	for (size_t i = 0; i < services.count; i++) {
		const struct postfix_service *service = &services.items[i];

		if (postfix_ours_is_service(service)) {
			postfix_words_add(&draft->arena, &ours,
			    arena_printf(&draft->arena, "%s/%s", service->name, service->type));
			continue;
		}
		for (size_t k = 0; k < service->options.count; k++) {
			const struct postfix_option *option = &service->options.items[k];

			if (postfix_ours_is_option(option->name, option->value) &&
			    restore_option(draft, stage, service, option->name, err) != 0)
				return -1;
		}
	}
	return stage_edit(stage, "-MX", &ours, err);
}

/* The names that main.cf sets, once each; postconf(1) does not list those of transports that are
 * gone. */
static void
find_parameters(struct postfix_draft *draft, struct postfix_words *ours)
{
	struct span rest = span_of(str_text(&draft->now.text[POSTFIX_MAIN])), line;
	struct postfix_options found = { 0 };

	while (span_line(&rest, &line)) {
		const char *name = arena_dup(&draft->arena, line);

		name = arena_dup(&draft->arena, span_make(name, strcspn(name, " \t=")));
		if (postfix_ours_is_parameter(name))
			postfix_options_set(&draft->arena, &found, name, "");
	}
	for (size_t i = 0; i < found.count; i++)
		postfix_words_add(&draft->arena, ours, found.items[i].name);
}

static int
take_out_of_main(struct postfix_draft *draft, const struct stage *stage, struct err *err)
{
	struct postfix_options set = { 0 };
	struct postfix_words ours = { 0 }, restored = { 0 };

	if (postfix_conf_set_parameters(&draft->arena, stage->folder, &set, err) != 0)
		return -1;
	find_parameters(draft, &ours);
	for (size_t i = 0; i < draft->state.overwritten.count; i++) {
		const struct postfix_option *old = &draft->state.overwritten.items[i];
		const char *value = postfix_options_get(&set, old->name);

		if (value == NULL || !postfix_ours_is_timer(old->name, value))
			continue;
		if (old->value == NULL)
			postfix_words_add(&draft->arena, &ours, old->name);
		else
			postfix_words_add(&draft->arena, &restored,
			    arena_printf(&draft->arena, "%s=%s", old->name, old->value));
	}
	if (stage_edit(stage, "-X", &ours, err) != 0)
		return -1;
	return stage_edit(stage, "-e", &restored, err);
}

static int
take_out(struct postfix_draft *draft, struct err *err)
{
	struct stage stage;
	int rc = stage_open(&stage, &draft->now, err);

	if (rc == 0 && take_out_of_master(draft, &stage, err) == 0 &&
	    take_out_of_main(draft, &stage, err) == 0 &&
	    stage_drop_lines(&stage, postfix_ours_is_heading, err) == 0)
		rc = postfix_files_read(stage.folder, &draft->base, err);
	else
		rc = -1;
	stage_close(&stage);
	return rc;
}

int
postfix_draft_open(struct postfix_draft *draft, const char *folder, const char *state_dir,
    struct err *err)
{
	char real[PATH_MAX];

	memset(draft, 0, sizeof(*draft));
	arena_init(&draft->arena);
	if (realpath(folder, real) == NULL) {
		err_set(err, "%s: %s", folder, strerror(errno));
		return -1;
	}
	draft->folder = arena_dup(&draft->arena, span_of(real));
	if (postfix_files_read(draft->folder, &draft->now, err) != 0 ||
	    postfix_state_read(&draft->arena, state_dir, draft->folder, &draft->state, err) != 0)
		return -1;
	draft->is_ours =
	    draft->state.is_there && postfix_files_equal(&draft->now, &draft->state.ours);
	if (!draft->is_ours)
		return take_out(draft, err);
	postfix_files_copy(&draft->base, &draft->state.original);
	return 0;
}

void
postfix_draft_free(struct postfix_draft *draft)
{
	postfix_state_free(&draft->state);
	postfix_files_free(&draft->now);
	postfix_files_free(&draft->base);
	postfix_files_free(&draft->next);
	arena_clear(&draft->arena);
}

/* -- setting up -------------------------------------------------------------------------------- */

/* What refers to its own configuration directory means the real one. */
static const char *
without_stage(struct postfix_draft *draft, const struct stage *stage, const char *value)
{
	long at = span_find(span_of(value), span_of(stage->folder));

	if (at < 0)
		return value;
	return arena_printf(&draft->arena, "%.*s%s%s", (int)at, value, draft->folder,
	    without_stage(draft, stage, value + at + strlen(stage->folder)));
}

static int
read_site(struct postfix_draft *draft, const struct stage *stage, struct err *err)
{
	struct postfix_site *site = &draft->site;
	const char *maps;

	site->folder = draft->folder;
	if (postfix_conf_parameters(&draft->arena, stage->folder, false, postfix_plan_raw,
		&site->raw, err) != 0 ||
	    postfix_conf_parameters(&draft->arena, stage->folder, true, postfix_plan_expanded,
		&site->expanded, err) != 0 ||
	    postfix_conf_services(&draft->arena, stage->folder, &site->services, err) != 0)
		return -1;
	for (size_t i = 0; i < site->expanded.count; i++)
		site->expanded.items[i].value =
		    without_stage(draft, stage, site->expanded.items[i].value);
	maps = postfix_options_get(&site->expanded, "transport_maps");
	if (maps != NULL)
		postfix_tables_list(&draft->arena, stage->folder, maps, &site->domains,
		    &site->unread);
	return 0;
}

/* One at a time: postconf(1) adds several in any order. */
static int
set_timers(struct postfix_draft *draft, const struct stage *stage, struct err *err)
{
	struct postfix_options set = { 0 };

	if (postfix_conf_set_parameters(&draft->arena, stage->folder, &set, err) != 0)
		return -1;
	for (size_t i = 0; i < draft->plan.timers.count; i++) {
		const struct postfix_option *timer = &draft->plan.timers.items[i];
		struct postfix_words items = { 0 };

		postfix_options_set(&draft->arena, &draft->overwritten, timer->name,
		    postfix_options_get(&set, timer->name));
		postfix_words_add(&draft->arena, &items,
		    arena_printf(&draft->arena, "%s=%s", timer->name, timer->value));
		if (stage_edit(stage, "-e", &items, err) != 0)
			return -1;
	}
	return 0;
}

static int
set_options(struct postfix_draft *draft, const struct stage *stage, struct err *err)
{
	for (size_t i = 0; i < draft->plan.added_count; i++) {
		const struct postfix_added *added = &draft->plan.added[i];
		const struct postfix_service *service =
		    postfix_services_find(&draft->site.services, added->service, added->type);
		const char *old = postfix_options_get(&service->options, added->name);

		if (old != NULL)
			postfix_options_set(&draft->arena, &draft->overwritten,
			    arena_printf(&draft->arena, "%s/%s/%s", added->service, added->type,
				added->name),
			    old);
		if (stage_set_option(stage, added->service, added->type, added->name, added->value,
			err) != 0)
			return -1;
	}
	return 0;
}

static int
apply(struct postfix_draft *draft, const struct stage *stage, bool timers, struct err *err)
{
	const struct postfix_plan *plan = &draft->plan;
	bool main_too = *plan->main_lines != '\0';

	if ((main_too && stage_append(stage, POSTFIX_MAIN, "", err) != 0) ||
	    stage_append(stage, POSTFIX_MASTER, "", err) != 0 ||
	    (timers && set_timers(draft, stage, err) != 0) || set_options(draft, stage, err) != 0 ||
	    (main_too && stage_append(stage, POSTFIX_MAIN, plan->main_lines, err) != 0) ||
	    stage_append(stage, POSTFIX_MASTER, plan->master_lines, err) != 0)
		return -1;
	return postfix_files_read(stage->folder, &draft->next, err);
}

int
postfix_draft_plan(struct postfix_draft *draft, const struct settings *settings,
    const struct mx_rules *rules, const struct pace_sets *sets, bool timers, struct err *err)
{
	struct stage stage;
	int rc = stage_open(&stage, &draft->base, err);

	if (rc == 0)
		rc = read_site(draft, &stage, err);
	if (rc == 0)
		postfix_plan_make(&draft->arena, settings, rules, sets, &draft->site, &draft->plan);
	if (rc == 0 && draft->plan.mistakes.count == 0)
		rc = apply(draft, &stage, timers, err);
	stage_close(&stage);
	return rc;
}

void
postfix_draft_keep_base(struct postfix_draft *draft)
{
	postfix_files_copy(&draft->next, &draft->base);
}

int
postfix_draft_install(const struct postfix_draft *draft, const struct postfix_files *files,
    struct err *err)
{
	for (size_t i = 0; i < POSTFIX_FILES; i++) {
		struct str path = { 0 };
		int rc;

		str_addf(&path, "%s/%s", draft->folder, postfix_file_names[i]);
		rc = file_write(str_text(&path), span_make(files->text[i].data, files->text[i].len),
		    str_text(&path), err);
		str_free(&path);
		if (rc != 0)
			return -1;
	}
	return 0;
}

int
postfix_draft_diff(const struct postfix_draft *draft, const struct postfix_files *from,
    const struct postfix_files *to, struct str *out, struct err *err)
{
	struct stage old, new;
	int rc = stage_open(&old, from, err);

	if (stage_open(&new, to, err) != 0)
		rc = -1;
	for (size_t i = 0; i < POSTFIX_FILES && rc == 0; i++) {
		struct str names[3] = { { 0 }, { 0 }, { 0 } };
		const char *argv[9] = { "diff", "-u", "--label" };

		str_addf(&names[0], "%s/%s", draft->folder, postfix_file_names[i]);
		str_addf(&names[1], "%s/%s", old.folder, postfix_file_names[i]);
		str_addf(&names[2], "%s/%s", new.folder, postfix_file_names[i]);
		argv[3] = str_text(&names[0]);
		argv[4] = "--label";
		argv[5] = argv[3];
		argv[6] = str_text(&names[1]);
		argv[7] = str_text(&names[2]);
		rc = run_program(argv, out, err) > 1 ? -1 : 0;
		for (size_t k = 0; k < 3; k++)
			str_free(&names[k]);
	}
	stage_close(&old);
	stage_close(&new);
	return rc;
}
