/* The tasks that an account has messages of, ascending by id, taken from in turn. */
#include <stdlib.h>

#include "engine/inside.h"

/* The first lane whose task's id is at least `id`. */
static size_t lane_at(const struct lanes *lanes, int64_t id)
{
    size_t low = 0, high = lanes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lanes->lanes[middle].task->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int make_room(struct lanes *lanes)
{
    if (lanes->count < lanes->room)
        return 0;
    size_t room = lanes->room ? lanes->room * 2 : 4;
    struct lane *larger = realloc(lanes->lanes, room * sizeof(*larger));
    if (!larger)
        return ERR_NOMEM;
    lanes->lanes = larger;
    lanes->room = room;
    return 0;
}

static void wake(struct lanes *lanes, struct lane *lane)
{
    lanes->awake += lane->asleep;
    lane->asleep = false;
}

int lanes_add(struct sender *sender, struct open_task *task)
{
    struct lanes *lanes = &sender->lanes;
    size_t at = lane_at(lanes, task->id);
    sender->disturbed = sender->in_turn;
    if (at < lanes->count && lanes->lanes[at].task == task) {
        wake(lanes, &lanes->lanes[at]);
        return 0;
    }
    int result = make_room(lanes);
    if (result < 0)
        return result;
    memmove(&lanes->lanes[at + 1], &lanes->lanes[at], (lanes->count - at) * sizeof(struct lane));
    lanes->lanes[at] = (struct lane){.task = task, .paced = sender_is_paced(sender, task)};
    lanes->count++;
    lanes->awake++;
    lanes->paced += lanes->lanes[at].paced;
    task->lanes++;
    return 0;
}

void lanes_remove(struct sender *sender, size_t at)
{
    struct lanes *lanes = &sender->lanes;
    struct lane lane = lanes->lanes[at];
    lanes->count--;
    lanes->awake -= !lane.asleep;
    lanes->paced -= lane.paced;
    memmove(&lanes->lanes[at], &lanes->lanes[at + 1], (lanes->count - at) * sizeof(struct lane));
    lane.task->lanes--;
    tasks_release(lane.task);
}

void lanes_empty(struct sender *sender, struct open_task *task)
{
    struct lanes *lanes = &sender->lanes;
    size_t at = lane_at(lanes, task->id);
    if (at == lanes->count || lanes->lanes[at].task != task)
        return;
    if (sender->retry_ms == 0) {
        lanes_remove(sender, at);
    } else if (!lanes->lanes[at].asleep) {
        lanes->lanes[at].asleep = true;
        lanes->awake--;
    }
}

void lanes_drop_asleep(struct sender *sender)
{
    for (size_t at = sender->lanes.count; at-- > 0;)
        if (sender->lanes.lanes[at].asleep)
            lanes_remove(sender, at);
}

size_t lanes_pick(struct sender *sender, int64_t *ids, struct open_task **tasks, size_t max)
{
    struct lanes *lanes = &sender->lanes;
    size_t picked = 0, left = lanes->count, at = lane_at(lanes, lanes->last + 1);
    for (; left > 0 && picked < max; left--) {
        if (at >= lanes->count)
            at = 0;
        struct lane *lane = &lanes->lanes[at];
        if (!task_is_active(lane->task)) {
            lanes_remove(sender, at);
            continue;
        }
        if (!lane->asleep) {
            ids[picked] = lane->task->id;
            tasks[picked++] = lane->task;
        }
        at++;
    }
    /* The next claim begins behind the first of these, so that each comes first in turn. */
    if (picked > 0)
        lanes->last = ids[0];
    return picked;
}

void lanes_repace(struct sender *sender)
{
    struct lanes *lanes = &sender->lanes;
    lanes->paced = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        lanes->lanes[i].paced = sender_is_paced(sender, lanes->lanes[i].task);
        lanes->paced += lanes->lanes[i].paced;
    }
}

void lanes_free(struct sender *sender)
{
    while (sender->lanes.count > 0)
        lanes_remove(sender, sender->lanes.count - 1);
    free(sender->lanes.lanes);
    sender->lanes = (struct lanes){0};
}
