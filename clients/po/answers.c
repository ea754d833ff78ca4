/* Words of the daemon's answers that suanpan says in the reader's language. Never compiled: for xgettext. */

/* Why there is no value: value_state_text, and a period that is too fine. */
N_("no data")
N_("incomplete")
N_("division by zero")
N_("too large to compute")
N_("no plan covers the period")
N_("not reported at this level")
N_("undefined")
N_("computed yearly only")
N_("computed half-yearly only")
N_("computed quarterly only")
N_("computed monthly only")

/* Lists: the kinds of areas, and what statistics and indicators are. */
N_("city")
N_("district")
N_("street")
N_("community")
N_("group")
N_("flow")
N_("stock")
N_("average")
N_("level")
N_("matched")
N_("complete")

/* The calendar; and of it overdue, below. */
N_("due")

/* A target's nature. */
N_("binding")
N_("anticipatory")

/* Alerts: kinds and states. */
N_("overdue")
N_("rule")
N_("verdict")
N_("forecast")
N_("missed")
N_("open")
N_("acknowledged")
N_("resolved")

/* Forecasts: methods, and why there is none. */
N_("damped trend")
N_("drift")
N_("naive")
N_("too little history")
N_("too little history for a damped trend")
N_("no period that all areas have reported")
N_("it cannot be computed there")
N_("the figures had not moved before")
