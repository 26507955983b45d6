from slipway_scheduler.app import main

main()
