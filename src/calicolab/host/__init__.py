"""What any lab on this machine needs of its kernel, whatever the lab is made of."""
