from image_assets.names import nearest, suggestion

FRUITS = ["Apple_Red_1", "Apple_Red_2", "Banana", "Kiwi"]


def test_the_nearest_name_is_found_whatever_the_case() -> None:
    assert nearest("Bananna", FRUITS) == "Banana"
    assert nearest("kiwi", FRUITS) == "Kiwi"
    assert nearest("apple_red1", FRUITS) == "Apple_Red_1"
    assert nearest("Dragonfruit", FRUITS) is None


def test_a_suggestion_is_the_nearest_name_or_all_there_are() -> None:
    assert suggestion("Kiwo", FRUITS) == "did you mean Kiwi?"
    assert suggestion("Dragonfruit", FRUITS[2:]) == "there are Banana, Kiwi"
    assert suggestion("Dragonfruit", []) == "there is none yet"
    assert suggestion("x", [f"name{i:02}" for i in range(25)]).endswith("name19 and 5 more")
