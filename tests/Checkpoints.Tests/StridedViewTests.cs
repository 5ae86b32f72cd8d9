namespace Gsasr.Checkpoints.Tests;

public class StridedViewTests
{
    [Theory]
    [InlineData(0, new[] { 300, 301 }, new[] { 301, 1 })]
    [InlineData(0, new[] { 301, 300 }, new[] { 1, 301 })]
    [InlineData(7, new[] { 2, 3 }, new[] { 90_000, 40_000 }, 270_010)]
    [InlineData(5, new[] { 16, 12, 3, 5 }, new[] { 180, 1, 60, 12 })]
    [InlineData(0, new[] { 4, 3, 50, 7 }, new[] { 0, 350, 7, 1 })]
    [InlineData(3, new[] { 200, 3 }, new[] { 1, 0 })]
    [InlineData(0, new[] { 100, 100 }, new[] { 3, 2 })]
    [InlineData(0, new[] { 40, 40 }, new[] { 1, 5000 })]
    [InlineData(9, new[] { 1, 6, 1 }, new[] { 77, 11, 1_000_000_000 })]
    public void Values_are_those_at_the_strides(int offset, int[] shape, int[] strides, int spare = 1)
    {
        int last = offset + shape.Zip(strides, (extent, stride) => (extent - 1) * stride).Sum();
        float[] storage = [.. Enumerable.Range(0, last + spare).Select(value => (float)value)];
        using Checkpoint checkpoint = Open(offset, shape, strides, storage);
        var actual = new float[shape.Aggregate(1, (count, extent) => count * extent)];
        checkpoint.Read("a", actual);
        for (int place = 0; place < actual.Length; place++)
        {
            int expected = offset;
            for (int axis = shape.Length - 1, rest = place; axis >= 0; rest /= shape[axis], axis--)
                expected += rest % shape[axis] * strides[axis];
            Assert.True(actual[place] == expected, $"Value {place} is {actual[place]} and should be {expected}.");
        }
    }

    [Fact]
    public void The_last_value_of_the_storage_is_within_reach_and_the_next_is_not()
    {
        var storage = new float[20];
        Open(1, [3, 4], [1, 5], storage[..19]).Dispose();
        Assert.Throws<CheckpointFormatException>(() => Open(1, [3, 4], [1, 5], storage[..18]));
    }

    private static PyTorchCheckpoint Open(int offset, int[] shape, int[] strides, float[] storage)
    {
        string pickle = "}U\u0001actorch._utils\n_rebuild_tensor_v2\n((U\u0007storagectorch\nFloatStorage\nU\u00010U\u0003cpu"
            + PickleFile.Integer(storage.Length) + "tQ" + PickleFile.Integer(offset) + PickleFile.Tuple(shape) + PickleFile.Tuple(strides)
            + "\u0089}tRs.";
        return PyTorchCheckpoint.Open(PickleFile.Build(pickle, storage), "test");
    }
}
