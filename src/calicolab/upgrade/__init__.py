"""An upgrade from end to end: what is stored before and after, and what pods and sessions meet with meanwhile."""
