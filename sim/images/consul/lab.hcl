# As in progrium/consul: DNS on its usual port, and no call home.
ports {
  dns = 53
}
disable_update_check = true
