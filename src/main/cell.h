/* What a cell of CSV says beyond its text: `\N` is null, which clears a field. So that any text can be
 * said, `\\N` is the text `\N`, `\\\N` is `\\N`, and so on. An empty cell leaves a field alone. */
#ifndef WSCRM_MAIN_CELL_H
#define WSCRM_MAIN_CELL_H

#include "base/buf.h"
#include "domain/customer_change.h"

struct item_value cell_read(struct str cell);
/* VALUE_NULL or a text, as a cell, in quotes when it needs them. */
void cell_write(struct buf *b, struct item_value value);

#endif
