using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>Refuses operations on tensors of different devices: a device cannot read the memory of another.</summary>
internal static class SameDevice
{
    /// <summary>Checks one tensor of an operation.</summary>
    /// <param name="device">The device of the result.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="name">The argument's name.</param>
    /// <exception cref="ArgumentException">The tensor lies on another device.</exception>
    public static void Require(Device device, in Tensor tensor, string name) => Require(device, tensor.Device, name);

    /// <summary>Checks a tensor that may be left out.</summary>
    /// <inheritdoc cref="Require(Device, in Tensor, string)"/>
    public static void Require(Device device, in Tensor? tensor, string name)
    {
        if (tensor is Tensor present)
            Require(device, present.Device, name);
    }

    /// <summary>Checks the device of weights or of an arena.</summary>
    /// <param name="device">The device of the result.</param>
    /// <param name="other">The other device.</param>
    /// <param name="name">The argument's name.</param>
    /// <exception cref="ArgumentException">It is another device.</exception>
    public static void Require(Device device, Device other, string name)
    {
        if (device != other)
            throw new ArgumentException($"The result lies on {device.Name}, but '{name}' lies on another device ({other.Name}).", name);
    }
}
