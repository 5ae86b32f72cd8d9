// Wrong for every driver, so that the report of that is tested.
#error this source is wrong on purpose
