name = mine
title = Mine
based-on = haswell

[sources]
b = bench

[geometry]
STLB.entries = 2048 entries | measured | @b

[costs]
vmread = 25 cycles | assumed | guess
