#include "net/public_address.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define V4(a, b, c, d, bits)                                  \
    {                                                         \
        {{[10] = 0xff, [11] = 0xff, a, b, c, d}}, 96 + (bits) \
    }
#define V6(bits, ...)         \
    {                         \
        {{__VA_ARGS__}}, bits \
    }

static bool holds(const struct address_network *networks, size_t count,
                  const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (address_network_holds(&networks[i], address))
            return true;
    return false;
}

/* Where the registry says that a smaller part is reachable from everywhere (192.0.0.9, 2001:4:112::/48:
 * anycast of protocols that are not HTTP), the whole is refused all the same. */
static bool v4_is_public(const struct address *address)
{
    static const struct address_network special[] = {
        V4(0, 0, 0, 0, 8),        /* this network; 0.0.0.0 is this machine */
        V4(10, 0, 0, 0, 8),       /* private */
        V4(100, 64, 0, 0, 10),    /* shared behind carriers' NAT; metadata of one cloud */
        V4(127, 0, 0, 0, 8),      /* loopback */
        V4(168, 63, 129, 16, 32), /* in no registry: the host agent of another cloud */
        V4(169, 254, 0, 0, 16),   /* link-local; metadata of most clouds */
        V4(172, 16, 0, 0, 12),    /* private */
        V4(192, 0, 0, 0, 24),     /* protocol assignments; metadata of a third cloud */
        V4(192, 0, 2, 0, 24),     /* documentation */
        V4(192, 88, 99, 0, 24),   /* 6to4 relays, deprecated */
        V4(192, 168, 0, 0, 16),   /* private */
        V4(198, 18, 0, 0, 15),    /* benchmarks */
        V4(198, 51, 100, 0, 24),  /* documentation */
        V4(203, 0, 113, 0, 24),   /* documentation */
        V4(224, 0, 0, 0, 4),      /* multicast */
        V4(240, 0, 0, 0, 4),      /* reserved; broadcast */
    };
    return !holds(special, COUNT(special), address);
}

/* The IPv4 address in the four bytes from `at` on. */
static bool inside_is_public(const struct address *address, size_t at)
{
    struct address v4 = {{[10] = 0xff, [11] = 0xff}};
    memcpy(v4.bytes + 12, address->bytes + at, 4);
    return v4_is_public(&v4);
}

bool address_is_public(const struct address *address)
{
    static const struct address_network v4 = V4(0, 0, 0, 0, 0),
                                        nat64 = V6(96, 0x00, 0x64, 0xff, 0x9b),
                                        six_to_four = V6(16, 0x20, 0x02), global = V6(3, 0x20);
    static const struct address_network special[] = {
        V6(23, 0x20, 0x01, 0x00),       /* protocol assignments: Teredo, ORCHID, benchmarks */
        V6(32, 0x20, 0x01, 0x0d, 0xb8), /* documentation */
        V6(20, 0x3f, 0xff, 0x00),       /* documentation */
    };
    if (address_network_holds(&v4, address))
        return v4_is_public(address);
    if (address_network_holds(&nat64, address))
        return inside_is_public(address, 12);
    if (address_network_holds(&six_to_four, address))
        return inside_is_public(address, 2);
    /* Outside of 2000::/3 nothing is global unicast: ::, ::1, ::a.b.c.d, fc00::/7, fe80::/10, ff00::/8. */
    return address_network_holds(&global, address) && !holds(special, COUNT(special), address);
}
