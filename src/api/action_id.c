#include "api/action_id.h"

#define HEX_LEN ((size_t)2 * ACTION_ID_LEN)

int action_id_parse(struct str text, struct action_id *ret_id)
{
    return hex_read(text, ret_id->bytes, sizeof(ret_id->bytes));
}

void action_id_add(struct buf *b, const struct action_id *id)
{
    char hex[HEX_LEN];
    hex_encode(id->bytes, sizeof(id->bytes), hex);
    buf_add_json_comma(b);
    buf_add_json_str(b, (struct str){hex, sizeof(hex)});
}
