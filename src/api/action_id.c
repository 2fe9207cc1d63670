#include "api/action_id.h"

#define HEX_LEN ((size_t)2 * ACTION_ID_LEN)

int action_id_parse(struct str text, struct action_id *ret_id)
{
    struct action_id id;
    if (text.len != HEX_LEN)
        return ERR_INVALID;
    for (size_t i = 0; i < ACTION_ID_LEN; i++) {
        int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return ERR_INVALID;
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_id = id;
    return 0;
}

void action_id_add(struct buf *b, const struct action_id *id)
{
    char hex[HEX_LEN];
    hex_encode(id->bytes, sizeof(id->bytes), hex);
    buf_add_json_comma(b);
    buf_add_json_str(b, (struct str){hex, sizeof(hex)});
}
