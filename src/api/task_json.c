#include "api/task_json.h"

#include "api/reply.h"

void task_json_id(struct buf *b, const char *name, int64_t id)
{
    buf_add_json_name(b, name);
    buf_add_char(b, '"');
    buf_add_i64(b, id);
    buf_add_char(b, '"');
}

void task_json(struct buf *b, const struct task *task)
{
    const struct message_counts *counts = &task->counts;
    task_json_id(b, "taskId", task->id);
    buf_add_json_text(b, "name", task->name);
    buf_add_json_i64(b, "status", task->status);
    buf_add_json_i64(b, "total", counts->total);
    buf_add_json_i64(b, "sent", counts->sent);
    buf_add_json_i64(b, "delivered", counts->delivered);
    buf_add_json_i64(b, "read", counts->read);
    buf_add_json_i64(b, "replied", counts->replied);
    buf_add_json_i64(b, "failed", counts->failed);
}

int task_id_read(struct exchange *x, struct str text, int64_t *ret_id)
{
    *ret_id = 0;
    if (text.len == 0)
        return refuse_http(x, 400, "taskId: expected");
    if (str_to_i64(text, ret_id) < 0)
        *ret_id = 0;
    return 0;
}

int refuse_no_task(struct exchange *x)
{
    return refuse_with(x, STATUS_REFUSED, "no such task");
}
