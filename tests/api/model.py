"""A tenant as a few dictionaries: what the API must answer after any sequence of calls.

Only what was acknowledged changes it. It knows nothing of the server but its documentation.
"""

BASIC = (
    "friendName birthday address email profession income desc stage source languageTag welcome"
).split()
HISTORY_LONGEST = 500  # entries that one page shows


def variant(number):
    """The other form of a Mexican number: the pool has no others with two forms."""
    if number.startswith("521") and len(number) == 13:
        return "52" + number[3:]
    if number.startswith("52") and len(number) == 12:
        return "521" + number[2:]
    return None


def canonical(number):
    """One of the forms of a number, whichever comes."""
    return min(number, variant(number) or number, key=len)


class Model:
    def __init__(self, agents):
        self.agents = set(agents)
        self.customers = {}  # by the number that is stored
        self.opt_outs = {}  # reasons, by the form that was set first
        self.groups = {}  # sets of numbers
        self.history = {}  # lists of (field, from, to, cause), oldest first

    # --- numbers in two forms

    def _form(self, number, among):
        """The form of a number that `among` holds; None: neither."""
        if number in among:
            return number
        other = variant(number)
        return other if other in among else None

    def _remember(self, number, field, old, new, cause):
        place = self._form(number, self.history) or number
        self.history.setdefault(place, []).append((field, old, new, cause))

    # --- customers

    def imports(self, item, cause):
        """One good item; its members as they are sent."""
        stored = self._form(item["whatsApp"], self.customers)
        is_new = stored is None
        number = item["whatsApp"] if is_new else stored
        old = self.customers.get(number)
        new = dict(old) if old else {"whatsApp": number, "tags": [], "agentAccount": "", "sex": "unknown",
                                     **dict.fromkeys(BASIC, "")}
        for name in BASIC:
            if name in item and item[name] != "":
                new[name] = item[name] or ""
        if item.get("sex", "") != "":
            new["sex"] = item["sex"] or "unknown"
        new["tags"] = self._tags(new["tags"], item)
        new["agentAccount"] = item["agentAccount"]
        self.customers[number] = new
        if not is_new:
            for field in ("agentAccount", "stage"):
                if old[field] != new[field]:
                    self._remember(number, field, old[field], new[field], cause)

    @staticmethod
    def _tags(tags, item):
        removed = [tag.strip() for tag in (item.get("cancelTabName") or "").split(",")]
        added = [tag.strip() for tag in (item.get("tabName") or "").split(",")]
        if "tabName" in item and item["tabName"] is None:
            tags = []
        tags = [tag for tag in tags if tag not in removed]
        for tag in added:
            if tag and tag not in removed and tag not in tags:
                tags.append(tag)
        return tags

    def disowns(self, number, cause):
        """True when there is such a customer."""
        stored = self._form(number, self.customers)
        if stored is None:
            return False
        owner = self.customers[stored]["agentAccount"]
        if owner:
            self.customers[stored]["agentAccount"] = ""
            self._remember(stored, "agentAccount", owner, "", cause)
        return True

    def deletes(self, numbers):
        """The stored numbers of those who are gone then."""
        gone = {self._form(number, self.customers) for number in numbers} - {None}
        for number in gone:
            del self.customers[number]
            for members in self.groups.values():
                members -= {number, variant(number)}
        return gone

    def shown(self, number):
        """What customer/query shows, but its times; None: nobody."""
        stored = self._form(number, self.customers)
        if stored is None:
            return None
        customer = dict(self.customers[stored])
        customer["tabName"] = ",".join(customer.pop("tags"))
        customer["optOut"] = self._form(stored, self.opt_outs) is not None
        return customer

    def page(self, info):
        """All customers that `info` means, as customer/query shows them, by number."""
        return [shown for number in sorted(self.customers, key=int)
                if self._means(info, shown := self.shown(number))]

    def _means(self, info, shown):
        members = {canonical(number) for number in self.groups.get(info.get("group"), ())}
        tags = [tag.strip() for tag in info.get("tabName", "").split(",") if tag.strip()]
        keyword = info.get("keyword", "").lower()
        return (all(shown[name] == info[name] for name in ("stage", "agentAccount") if name in info)
                and all(tag in shown["tabName"].split(",") for tag in tags)
                and ("group" not in info or canonical(shown["whatsApp"]) in members)
                and ("optOut" not in info or shown["optOut"] == info["optOut"])
                and (keyword in shown["friendName"].lower() or keyword in shown["whatsApp"]))

    # --- agents

    def removes_agent(self, name, cause):
        self.agents.discard(name)
        for number, customer in self.customers.items():
            if customer["agentAccount"] == name:
                customer["agentAccount"] = ""
                self._remember(number, "agentAccount", name, "", cause)

    # --- opt-outs and groups

    def opts_out(self, number, on, reason, cause):
        place = self._form(number, self.opt_outs)
        if on and place is None:
            self.opt_outs[number] = reason
            self._remember(number, "optOut", "false", "true", cause)
        elif on and reason:
            self.opt_outs[place] = reason
        elif not on and place is not None:
            del self.opt_outs[place]
            self._remember(number, "optOut", "true", "false", cause)

    def opt_out(self, number):
        place = self._form(number, self.opt_outs)
        return (place is not None, self.opt_outs.get(place, ""))

    def saves_group(self, name, numbers):
        members = set()
        for number in numbers:
            if self._form(number, members) is None:
                members.add(number)
        self.groups[name] = members

    def history_of(self, number):
        place = self._form(number, self.history)
        return list(reversed(self.history.get(place, [])))[:HISTORY_LONGEST]
