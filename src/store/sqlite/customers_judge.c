/* Customers: what an import's item may do, and which labels it needs. */
#include "store/sqlite/customers_upsert.h"

static const char *const label_places[] = {
    [LABEL_STAGE] = "stage", [LABEL_SOURCE] = "source", [LABEL_TAG] = "tabName"};

static int refuse(struct customer_outcome *outcome, int result, const char *place)
{
    outcome->result = result;
    outcome->place = place;
    return REFUSED;
}

static int judge_owner(struct upsert *up, const struct customer_change *item,
                       struct customer_outcome *outcome)
{
    if (item->owner.len == 0) {
        up->row.owner_id = up->old.owner_id;
        return GO_ON;
    }
    if (!str_eq(item->owner, up->owner_name)) {
        const struct agent *agent = tenant_agent(up->tenant, item->owner);
        if (!agent)
            return refuse(outcome, ERR_NO_AGENT, NULL);
        up->owner_name = item->owner;
        up->owner_id = agent->id;
    }
    up->row.owner_id = up->owner_id;
    return GO_ON;
}

static int judge_extended(struct upsert *up, const struct customer_change *item,
                          struct customer_outcome *outcome)
{
    for (size_t i = 0; i < item->extended_count; i++)
        if (!tenant_field_by_id(up->tenant, item->extended[i].field_id))
            return refuse(outcome, ERR_NOT_FOUND, NULL);
    return GO_ON;
}

static int find_label(struct upsert *up, enum label_kind kind, struct str name, int64_t *ret_id)
{
    return labels_find(up->labels, up->connection, up->tenant->id, kind, name, ret_id);
}

static int plan_label(struct upsert *up, const struct text_change *change, enum label_kind kind,
                      int64_t old_id, bool *ret_sets, int64_t *ret_id)
{
    *ret_sets = change->kind == CHANGE_SET && change->text.len > 0;
    if (*ret_sets)
        return find_label(up, kind, change->text, ret_id);
    *ret_id = change->kind == CHANGE_KEEP ? old_id : 0;
    return 0;
}

static bool is_among(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static int remove_tags(struct upsert *up, const struct customer_change *item)
{
    struct label_plan *plan = &up->plan;
    for (size_t i = 0; i < item->remove_tag_count; i++) {
        int64_t id;
        size_t kept = 0;
        int result = find_label(up, LABEL_TAG, item->remove_tags[i], &id);
        if (result < 0)
            return result;
        for (size_t at = 0; at < plan->tag_count; at++)
            if (plan->tag_ids[at] != id)
                plan->tag_ids[kept++] = plan->tag_ids[at];
        plan->tag_count = kept;
    }
    return 0;
}

/* A tag that is neither there nor removed by the same item. *ret_id 0: it is there already. */
static int plan_tag(struct upsert *up, struct str name, int64_t *ret_id)
{
    struct label_plan *plan = &up->plan;
    int64_t id;
    int result = find_label(up, LABEL_TAG, name, &id);
    if (result < 0)
        return result;
    if (id == 0 && is_among(name, plan->new_tags, plan->new_tag_count)) {
        *ret_id = 0;
        return 0;
    }
    for (size_t i = 0; id != 0 && i < plan->tag_count; i++) {
        if (plan->tag_ids[i] == id) {
            *ret_id = 0;
            return 0;
        }
    }
    *ret_id = id != 0 ? id : -1 - (int64_t)plan->new_tag_count;
    return 0;
}

static int add_tags(struct upsert *up, const struct customer_change *item,
                    struct customer_outcome *outcome)
{
    struct label_plan *plan = &up->plan;
    for (size_t i = 0; i < item->add_tag_count; i++) {
        int64_t id;
        struct str name = item->add_tags[i];
        if (is_among(name, item->remove_tags, item->remove_tag_count))
            continue;
        int result = plan_tag(up, name, &id);
        if (result < 0)
            return result;
        if (id == 0)
            continue;
        if (plan->tag_count == CUSTOMER_MAX_TAGS)
            return refuse(outcome, ERR_TOO_LARGE, label_places[LABEL_TAG]);
        if (id < 0)
            plan->new_tags[plan->new_tag_count++] = name;
        plan->tag_ids[plan->tag_count++] = id;
    }
    return GO_ON;
}

static int plan_tags(struct upsert *up, const struct customer_change *item,
                     struct customer_outcome *outcome)
{
    struct label_plan *plan = &up->plan;
    plan->tag_count = plan->new_tag_count = 0;
    plan->sets_tags = item->clear_tags || item->add_tag_count > 0 || item->remove_tag_count > 0;
    if (!plan->sets_tags)
        return GO_ON;
    if (!item->clear_tags) {
        int count = tag_ids_parse(up->old.tags, plan->tag_ids, CUSTOMER_MAX_TAGS);
        if (count < 0)
            return ERR_STORE;
        plan->tag_count = (size_t)count;
    }
    int result = remove_tags(up, item);
    return result < 0 ? result : add_tags(up, item, outcome);
}

static int judge_label_count(struct upsert *up, enum label_kind kind, size_t fresh,
                             struct customer_outcome *outcome)
{
    int64_t count;
    if (fresh == 0)
        return GO_ON;
    int result = labels_count(up->labels, up->connection, up->tenant->id, kind, &count);
    if (result < 0)
        return result;
    if (count + (int64_t)fresh > TENANT_MAX_LABELS)
        return refuse(outcome, ERR_TOO_LARGE, label_places[kind]);
    return GO_ON;
}

static int judge_labels(struct upsert *up, const struct customer_change *item,
                        struct customer_outcome *outcome)
{
    struct label_plan *plan = &up->plan;
    int result = plan_label(up, &item->fields[CUSTOMER_STAGE], LABEL_STAGE, up->old.stage_id,
                            &plan->sets_stage, &plan->stage_id);
    if (result == 0) {
        result = plan_label(up, &item->fields[CUSTOMER_SOURCE], LABEL_SOURCE, up->old.source_id,
                            &plan->sets_source, &plan->source_id);
    }
    if (result == 0)
        result = plan_tags(up, item, outcome);
    if (result == 0) {
        result =
            judge_label_count(up, LABEL_STAGE, plan->sets_stage && plan->stage_id == 0, outcome);
    }
    if (result == 0) {
        result =
            judge_label_count(up, LABEL_SOURCE, plan->sets_source && plan->source_id == 0, outcome);
    }
    if (result == 0)
        result = judge_label_count(up, LABEL_TAG, plan->new_tag_count, outcome);
    return result;
}

int upsert_judge(struct upsert *up, const struct customer_change *item,
                 struct customer_outcome *outcome)
{
    int result = judge_owner(up, item, outcome);
    if (result == GO_ON)
        result = judge_extended(up, item, outcome);
    return result == GO_ON ? judge_labels(up, item, outcome) : result;
}
